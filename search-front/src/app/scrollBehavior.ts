import type { RouterScrollBehavior } from 'vue-router'

const MAX_FRAMES = 60 // a second for the results to be laid out once they are there
const STILL_FRAMES = 3

/** Where the page is scrolled after a step: where it was on going back, to the top of a new search, nowhere for an opened picture. */
export const scrollBehavior: RouterScrollBehavior = async (to, from, saved) => {
  if (saved) return (await untilLongEnough(saved.top)) ? saved : false
  const withoutOpen = (query: typeof to.query) => JSON.stringify({ ...query, open: undefined })
  return withoutOpen(to.query) === withoutOpen(from.query) ? false : { left: 0, top: 0 }
}

/**
 * Waits until the page is long enough to be scrolled to `top` and has stood still, as rows are laid for their new width.
 *
 * Results that are still asked for, as after a reload, are waited for. False when a person moved the page meanwhile.
 */
async function untilLongEnough(top: number): Promise<boolean> {
  let [height, stillFrames, framesLeft, moved] = [0, 0, MAX_FRAMES, false]
  const listeners = new AbortController()
  for (const kind of ['wheel', 'touchmove', 'keydown', 'popstate']) {
    window.addEventListener(kind, () => (moved = true), { signal: listeners.signal, passive: true })
  }
  while (framesLeft > 0 && stillFrames < STILL_FRAMES && !moved) {
    await new Promise(requestAnimationFrame)
    if (!document.querySelector('main [aria-busy=true]')) framesLeft -= 1
    const now = document.documentElement.scrollHeight
    stillFrames = now === height && now >= top + window.innerHeight ? stillFrames + 1 : 0
    height = now
  }
  listeners.abort()
  return !moved
}
