// On a narrow screen held upright the pages stand in a column, with letters of a size to be read.
//
// Each slide's `viewBox` is made as narrow as the screen needs, so that its text flows anew with the
// theme's own styles; a slide is as high as what it holds.
;(() => {
  'use strict'

  const SCALE = 1.5 // pixels of a slide to a pixel of the screen: 24 px become 16
  const narrow = matchMedia('(max-width: 700px) and (orientation: portrait)')
  const deck = document.getElementById(':$p')
  const slides = () => [...deck.querySelectorAll(':scope > svg[data-marpit-svg]')]
  const isAlone = () => !['presenter', 'next', 'overview'].includes(viewOf())
  const viewOf = () => new URLSearchParams(location.search).get('view')
  const whole = new WeakMap() // what each slide's `viewBox` was

  const fit = (slide) => {
    const frame = slide.querySelector('foreignObject')
    const width = Math.round(innerWidth * SCALE)
    frame.setAttribute('width', width)
    const sections = [...frame.querySelectorAll(':scope > section')]
    const height = Math.ceil(Math.max(...sections.map(({ offsetHeight }) => offsetHeight)))
    frame.setAttribute('height', height)
    slide.setAttribute('viewBox', `0 0 ${width} ${height}`)
  }
  const unfit = (slide) => {
    const box = whole.get(slide)
    const [, , width, height] = box.split(' ')
    slide.setAttribute('viewBox', box)
    const frame = slide.querySelector('foreignObject')
    frame.setAttribute('width', width)
    frame.setAttribute('height', height)
  }

  const resized = new ResizeObserver((changes) => {
    if (!isOn()) return
    for (const { target } of changes) fit(target.closest('svg[data-marpit-svg]'))
  })
  const isOn = () => document.documentElement.classList.contains('llmdeck-reading')

  // The page that the address names, and the one that is looked at.
  const number = () => Number.parseInt(location.hash.slice(1), 10) || 1
  const show = () => {
    if (!isOn()) return
    for (const slide of slides()) slide.removeAttribute('aria-hidden')
    slides()[number() - 1]?.scrollIntoView()
  }
  const looked = () => {
    const place = slides().findIndex((slide) => slide.getBoundingClientRect().bottom > 1)
    return Math.max(place, 0) + 1
  }

  const watch = (slide) => {
    if (!whole.has(slide)) whole.set(slide, slide.getAttribute('viewBox'))
    for (const section of slide.querySelectorAll('foreignObject > section')) {
      resized.observe(section)
    }
  }
  const on = () => {
    document.documentElement.classList.add('llmdeck-reading')
    for (const slide of slides()) {
      watch(slide)
      fit(slide)
    }
    setTimeout(show)
  }
  const off = () => {
    const page = looked()
    document.documentElement.classList.remove('llmdeck-reading')
    resized.disconnect()
    slides().forEach(unfit)
    location.hash = `#${page}`
  }
  const choose = () => {
    const wanted = narrow.matches && isAlone()
    if (wanted !== isOn()) (wanted ? on : off)()
    else if (wanted) slides().forEach(fit)
  }

  narrow.addEventListener('change', choose)
  addEventListener('resize', choose)
  addEventListener('hashchange', () => setTimeout(show))
  addEventListener('llmdeck:slide', ({ detail }) => {
    if (!isOn() || !deck.contains(detail)) return
    watch(detail)
    fit(detail)
  })
  // Marp's page turns slides when a finger moves, and then nothing scrolls.
  addEventListener('touchstart', (event) => isOn() && event.stopPropagation(), true)
  addEventListener('load', choose)
})()
