import type { RouterScrollBehavior } from 'vue-router'

const PATIENCE_FRAMES = 60 // a second for the results to stand again
const STILL_FRAMES = 3

/** Where the page stands after a step: back where it was, at the top of a new search, and still for an opened picture. */
export const scrollPlace: RouterScrollBehavior = async (to, from, saved) => {
  if (saved) {
    await longEnough(saved.top)
    return saved
  }
  const asked = (query: typeof to.query) => JSON.stringify({ ...query, open: undefined })
  return asked(to.query) === asked(from.query) ? false : { left: 0, top: 0 }
}

/** Waits until the page is long enough to be scrolled to `top` and has stood still, as rows are laid for their new width. */
async function longEnough(top: number): Promise<void> {
  let [height, still] = [0, 0]
  for (let i = 0; i < PATIENCE_FRAMES && still < STILL_FRAMES; i++) {
    await new Promise(requestAnimationFrame)
    const now = document.documentElement.scrollHeight
    still = now === height && now >= top + window.innerHeight ? still + 1 : 0
    height = now
  }
}
