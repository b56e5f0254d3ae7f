const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled, [type=file]), select, [tabindex="0"]'
const FURTHEST = '.page' // beyond it Tab would begin anew at the head of the page

/** The elements around one, the nearest first. */
function around(element: Element): Element[] {
  const elements: Element[] = []
  for (let parent = element.parentElement; parent && !parent.matches(FURTHEST); parent = parent.parentElement) elements.push(parent)
  return elements
}

/**
 * Keeps the place of whoever goes by the keyboard: where what had the focus is taken off the page, such as a chip or a result, its
 * nearest neighbour that is left has the focus, else the answer.
 */
export function keepFocus(): void {
  let focused = document.activeElement
  let places = focused ? around(focused) : []
  document.addEventListener('focusin', ({ target }) => {
    focused = target as Element
    places = around(focused)
  })
  new MutationObserver(() => {
    if (!focused || focused.isConnected || document.activeElement !== document.body) return
    focused = null
    const place = places.find((element) => element.isConnected && element !== document.body && element.querySelector(FOCUSABLE)) ?? document.querySelector('.answers')
    place?.querySelector<HTMLElement>(FOCUSABLE)?.focus({ preventScroll: true })
  }).observe(document.body, { childList: true, subtree: true })
}
