// The controls on slides: they swap fragments that were rendered when the deck was built, and know no demo.
//
// A fragment's place in its list follows from the controls, the last one changing fastest (see `grid.points`). The list
// lies in the page, compressed, and is unpacked when a control is first touched.
;(() => {
  'use strict'

  const unpack = async (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(`${id}-data`).textContent), (c) => c.charCodeAt(0))
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'))
    return JSON.parse(await new Response(stream).text())
  }

  const sizeOf = (control) =>
    control.type === 'checkbox' ? 2 : control.type === 'range' ? Number(control.max) + 1 : control.options.length
  const placeOf = (control) =>
    control.type === 'checkbox'
      ? Number(control.checked)
      : control.type === 'range'
        ? Number(control.value)
        : control.selectedIndex
  const nameOf = (control) =>
    control.type === 'checkbox'
      ? control.checked ? '✓' : '–'
      : control.type === 'range'
        ? JSON.parse(control.dataset.names)[control.value]
        : control.selectedOptions[0].text
  const labelOf = (control) => control.labels[0].textContent

  const start = (live) => {
    const form = live.querySelector('.live-controls')
    const shown = live.querySelector('.live-shown')
    const said = live.querySelector('.live-said')
    const controls = [...form.elements].filter((element) => element.matches('select, input'))
    let fragments
    let saying

    const update = async () => {
      const place = controls.reduce((number, control) => number * sizeOf(control) + placeOf(control), 0)
      for (const control of controls.filter(({ type }) => type === 'range')) {
        const name = nameOf(control)
        control.setAttribute('aria-valuetext', name)
        control.nextElementSibling.textContent = name
      }
      const found = await live.fragmentAt(place)
      if (place !== controls.reduce((number, control) => number * sizeOf(control) + placeOf(control), 0)) return
      if (!form.isConnected) return // a server's controls have taken its place
      shown.innerHTML = found
      live.dataset.point = place
      clearTimeout(saying) // what is passed over on the way is not announced
      saying = setTimeout(() => {
        if (!form.isConnected) return
        const summary = shown.querySelector('[data-said]')?.dataset.said ?? ''
        said.textContent = [...controls.map((control) => `${labelOf(control)}: ${nameOf(control)}`), summary]
          .filter(Boolean)
          .join(', ')
      }, 250)
    }

    live.fragmentAt = async (place) => (await (fragments ??= unpack(live.id)))[place]
    form.hidden = false
    form.addEventListener('submit', (event) => event.preventDefault())
    form.addEventListener('input', update)
    // A key pressed or a finger drawn in a control is not for the presentation. Escape leaves the control.
    form.addEventListener('keydown', (event) => {
      event.stopPropagation()
      if (event.key === 'Escape') event.target.blur()
    })
    for (const type of ['keyup', 'keypress', 'pointerdown', 'touchstart', 'touchmove', 'touchend', 'wheel', 'click'])
      form.addEventListener(type, (event) => event.stopPropagation(), { passive: true })
    update() // a browser that goes back keeps what was chosen
  }

  if (typeof DecompressionStream === 'function') {
    document.querySelectorAll('.live').forEach(start)
    addEventListener('llmdeck:slide', ({ detail }) => detail.querySelectorAll('.live').forEach(start)) // see live.js
  }
})()
