// The register is for paper: its pages at the end of the deck are taken out before Marp counts its
// slides, and a claim's row opens where its mark is clicked. Without scripts the mark leads there.
;(() => {
  'use strict'

  const GAP = 10 // between a mark and its row, in the slide's pixels
  const deck = document.getElementById(':$p')
  const id = 'llmdeck-register'
  const pages = Object.assign(document.createElement('div'), { id, hidden: true })
  const BESIDE = ':is(h1, h2, h3, header, footer, .not-updated)'
  // A page that shows something else, too, stays a slide.
  const isRegister = (slide) => {
    const parts = [...(slide.querySelector('section')?.children ?? [])]
    const rest = parts.filter((part) => !part.matches(BESIDE))
    return rest.length > 0 && rest.every((part) => part.matches('.register'))
  }
  while (deck.children.length > 1 && isRegister(deck.lastElementChild)) {
    pages.prepend(deck.lastElementChild)
  }
  deck.after(pages)

  let opened = null // the mark whose row is open, and the row
  const close = () => {
    opened?.row.remove()
    opened?.mark.removeAttribute('aria-expanded')
    opened = null
  }

  const rowOf = (mark) => {
    const row = document.getElementById(decodeURIComponent(mark.hash.slice(1)))
    return row && pages.contains(row) ? row : null
  }

  // Below the mark where there is room, else above it.
  const place = (row, mark, slide) => {
    const page = slide.getBoundingClientRect()
    const scale = slide.offsetWidth / page.width
    const { top, bottom } = mark.getBoundingClientRect()
    const below = (bottom - page.top) * scale + GAP
    const above = (top - page.top) * scale - GAP - row.offsetHeight
    const isRoom = below + row.offsetHeight + GAP <= slide.offsetHeight
    row.style.top = `${Math.max(GAP, isRoom ? below : above)}px`
  }

  const open = (mark, row) => {
    const slide = mark.closest('section')
    const shown = document.createElement('aside')
    shown.className = 'llmdeck-row'
    shown.tabIndex = -1
    shown.setAttribute('role', 'dialog')
    shown.setAttribute('aria-label', mark.textContent)
    shown.append(...[...row.childNodes].map((node) => node.cloneNode(true)))
    const { backgroundColor } = getComputedStyle(slide)
    const isClear = /^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)
    shown.style.backgroundColor = isClear ? 'Canvas' : backgroundColor
    slide.append(shown)
    place(shown, mark, slide)
    mark.setAttribute('aria-expanded', 'true')
    opened = { mark, row: shown }
    shown.focus({ preventScroll: true })
  }

  document.addEventListener('click', (event) => {
    const inside = opened?.row.contains(event.target)
    if (inside) return
    const mark = event.target.closest?.('a.row')
    const isAgain = opened !== null && opened.mark === mark
    close()
    const row = mark && rowOf(mark)
    if (!row) return
    event.preventDefault()
    if (!isAgain) open(mark, row)
  })
  document.addEventListener(
    'keydown',
    (event) => {
      if (!opened || ['Enter', 'Tab', 'Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
      const { mark } = opened
      close()
      if (event.key !== 'Escape') return // any other key turns the page, say
      event.stopPropagation() // Marp's page opens its overview
      mark.focus()
    },
    true,
  )
  document.addEventListener('focusin', ({ target }) => {
    if (opened && target !== opened.mark && !opened.row.contains(target)) close()
  })
  addEventListener('hashchange', close)
  addEventListener('llmdeck:slide', close)
})()
