import type { RouterScrollBehavior } from 'vue-router'

const PATIENCE_FRAMES = 60 // a second for the results to stand again once they are there
const STILL_FRAMES = 3

/** Where the page stands after a step: back where it was, at the top of a new search, and still for an opened picture. */
export const scrollPlace: RouterScrollBehavior = async (to, from, saved) => {
  if (saved) return (await longEnough(saved.top)) ? saved : false
  const asked = (query: typeof to.query) => JSON.stringify({ ...query, open: undefined })
  return asked(to.query) === asked(from.query) ? false : { left: 0, top: 0 }
}

/**
 * Waits until the page is long enough to be scrolled to `top` and has stood still, as rows are laid for their new width.
 *
 * Results that are still asked for, as after a reload, are waited for. False when a person moved the page meanwhile.
 */
async function longEnough(top: number): Promise<boolean> {
  let [height, still, patience, moved] = [0, 0, PATIENCE_FRAMES, false]
  const watching = new AbortController()
  for (const kind of ['wheel', 'touchmove', 'keydown', 'popstate']) {
    window.addEventListener(kind, () => (moved = true), { signal: watching.signal, passive: true })
  }
  while (patience > 0 && still < STILL_FRAMES && !moved) {
    await new Promise(requestAnimationFrame)
    if (!document.querySelector('main [aria-busy=true]')) patience -= 1
    const now = document.documentElement.scrollHeight
    still = now === height && now >= top + window.innerHeight ? still + 1 : 0
    height = now
  }
  watching.abort()
  return !moved
}
