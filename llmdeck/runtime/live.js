// What a page does while its server runs: it follows the deck's sources, and its controls take any value.
//
// The server says by events which build it has. A page of another build takes the slides that changed where it is told
// them, else it loads again, on the slide that it was on. Errors show in a corner, over the last good deck.
;(() => {
  'use strict'

  const known = JSON.parse(document.getElementById('llmdeck').textContent)
  const corner = (kind) => {
    const element = document.createElement('pre')
    element.className = `llmdeck-corner ${kind}`
    element.setAttribute('role', 'alert')
    if (window === window.parent) document.body.append(element) // not in the small slide of the presenter view
    return element
  }
  const wrong = corner('llmdeck-wrong')
  const lost = corner('llmdeck-lost')

  // The deck follows its sources.

  const change = ({ slides, notes }) => {
    const shown = document.querySelectorAll('svg[data-marpit-svg]')
    for (const [number, html] of Object.entries(slides)) {
      shown[number].innerHTML = html
      dispatchEvent(new CustomEvent('llmdeck:slide', { detail: shown[number] }))
    }
    for (const [number, html] of Object.entries(notes))
      for (const note of document.querySelectorAll(`.bespoke-marp-note[data-index="${number}"]`)) note.innerHTML = html
  }

  const follow = (update) => {
    lost.textContent = ''
    if (update.build !== known.build) {
      if (update.since !== known.build || !known.build) return location.reload()
      change(update)
      known.build = update.build
    }
    wrong.textContent = update.errors.map(({ text }) => text).join('\n\n')
  }

  let source
  const connect = () => {
    source?.close()
    source = new EventSource('/api/events')
    source.onmessage = ({ data }) => follow(JSON.parse(data))
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) lost.textContent = known.words.lost
      else setTimeout(connect, 1000) // the answer was no stream: the server is there, but too busy
    }
  }
  // A browser has six connections for a server: windows that nobody sees give theirs back.
  const listen = () => (document.visibilityState === 'visible' ? connect() : source?.close())
  document.addEventListener('visibilitychange', listen)
  listen()

  // Controls take any value.

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties)
    made.append(...children)
    return made
  }
  const options = (names, chosen) => names.map((name, place) => element('option', { selected: place === chosen }, name))

  // A control: its elements, its value, what the value is called, and its place in the grid (-1 where it is not there).
  const makers = {
    slider: ({ id, item, axis }) => {
      const names = item['x-names']
      const output = element('output', { htmlFor: id })
      const input = element('input', { id, type: 'range', min: 0, max: names.length - 1, step: 1 })
      input.value = item.enum.indexOf(axis.values[axis.default])
      const name = () => names[input.value]
      const say = () => {
        output.textContent = name()
        input.setAttribute('aria-valuetext', name())
      }
      say()
      return { elements: [input, output], value: () => item.enum[input.value], name, say }
    },
    choice: ({ id, item, axis }) => {
      const select = element('select', { id }, ...options(item['x-names'], item.enum.indexOf(axis.values[axis.default])))
      return { elements: [select], value: () => item.enum[select.selectedIndex], name: () => select.selectedOptions[0].text }
    },
    switch: ({ id, axis }) => {
      const input = element('input', { id, type: 'checkbox', checked: axis.values[axis.default] })
      return { elements: [input], value: () => input.checked, name: () => (input.checked ? '✓' : '–') }
    },
    number: ({ id, item, axis }) => {
      const input = element('input', { id, type: 'number', className: 'live-free', step: item.type === 'integer' ? 1 : 'any' })
      input.value = axis.values[axis.default]
      return { elements: [input], value: () => input.valueAsNumber, name: () => input.value }
    },
    text: ({ id, item, axis }) => {
      const other = element('option', { hidden: true }, known.words.free) // what the list says while the text is another
      const select = element('select', { id }, ...options(axis.values, axis.default), other)
      const free = element('input', { id: `${id}-free`, type: 'text', className: 'live-free', maxLength: item.maxLength })
      free.value = axis.values[axis.default]
      free.setAttribute('aria-label', `${item.title}: ${known.words.free}`)
      select.addEventListener('input', () => (free.value = axis.values[select.selectedIndex]))
      free.addEventListener('input', () => {
        const place = axis.values.indexOf(free.value)
        select.selectedIndex = place < 0 ? other.index : place
      })
      return { elements: [select, free], value: () => free.value, name: () => free.value }
    },
  }

  const demos = {}
  const about = (demo) =>
    (demos[demo] ??= fetch(`/api/demos/${demo}`).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))))

  const post = (path, values, signal) =>
    fetch(`/api/demos/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(values),
      signal,
    })

  const events = async function* (answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += value
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const [name, data] = text.slice(0, end).split('\n')
        yield [name.slice('event: '.length), JSON.parse(data.slice('data: '.length))]
      }
    }
  }

  const showPart = (shown, part, first) => {
    const places = [...shown.querySelectorAll('[data-stream]')]
    if (first) for (const place of places) place.textContent = ''
    for (const place of places) {
      const name = place.dataset.stream
      if (typeof part === 'string' && !name) place.textContent += part
      else if (name && part && Object.hasOwn(part, name)) place.textContent = part[name]
    }
  }

  const adopt = async (live) => {
    const { demo, fixed, axes } = known.lives[live.id]
    const { parameters, streams } = await about(demo)
    const shown = live.querySelector('.live-shown')
    const said = live.querySelector('.live-said')
    const old = live.querySelector('.live-controls')
    const controls = axes.map((axis) => {
      const item = parameters.properties[axis.name]
      const made = makers[item['x-kind']]({ id: `${live.id}-${axis.name}`, item, axis })
      return { ...made, axis, label: item.title, item }
    })
    const form = element('form', { className: old.className, autocomplete: 'off' })
    const mistake = element('p', { className: 'live-wrong' })
    mistake.setAttribute('role', 'alert')
    for (const { axis, label, elements } of controls) {
      const named = element('label', { htmlFor: `${live.id}-${axis.name}` }, label)
      form.append(element('span', { className: 'live-control' }, named, ...elements))
    }

    let asking
    let waiting
    const show = (html) => {
      shown.removeAttribute('aria-busy')
      shown.innerHTML = html
      mistake.textContent = ''
      const summary = shown.querySelector('[data-said]')?.dataset.said ?? ''
      said.textContent = [...controls.map(({ label, name }) => `${label}: ${name()}`), summary].filter(Boolean).join(', ')
    }
    const take = ({ error, fragment }) => {
      shown.removeAttribute('aria-busy')
      if (error) mistake.textContent = error.message
      else if (fragment) show(fragment)
    }
    const place = () =>
      controls.reduce((number, { axis, value }) => {
        const found = axis.values.indexOf(value())
        return found < 0 ? NaN : number * axis.values.length + found
      }, 0)
    const ask = async () => {
      asking?.abort()
      asking = new AbortController()
      const { signal } = asking
      const inGrid = place()
      if (inGrid >= 0 && live.fragmentAt) {
        const html = await live.fragmentAt(inGrid)
        if (!signal.aborted) show(html)
        return
      }
      const values = { ...fixed, ...Object.fromEntries(controls.map(({ axis, value }) => [axis.name, value()])) }
      try {
        const answer = await post(streams ? `${demo}/stream` : demo, values, signal)
        if (!streams || !answer.ok) return take(await answer.json())
        let first = true
        for await (const [name, data] of events(answer)) {
          if (name !== 'part') return take(data)
          if (first) shown.setAttribute('aria-busy', 'true')
          showPart(shown, data, first)
          first = false
        }
      } catch (error) {
        if (error.name !== 'AbortError') mistake.textContent = known.words.lost
      }
    }
    const askSoon = (event) => {
      for (const { say } of controls) say?.()
      clearTimeout(waiting)
      waiting = setTimeout(ask, event?.target.type === 'text' ? (streams ? 600 : 120) : 0)
    }

    form.addEventListener('input', askSoon)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      clearTimeout(waiting)
      ask()
    })
    // A key pressed or a finger drawn in a control is not for the presentation. Escape leaves the control.
    form.addEventListener('keydown', (event) => {
      event.stopPropagation()
      if (event.key === 'Escape') event.target.blur()
      if (event.key === 'Enter' && event.target.type === 'text') form.requestSubmit()
    })
    for (const type of ['keyup', 'keypress', 'pointerdown', 'touchstart', 'touchmove', 'touchend', 'wheel', 'click'])
      form.addEventListener(type, (event) => event.stopPropagation(), { passive: true })
    const focused = document.activeElement?.id
    old.replaceWith(form, mistake)
    if (focused) document.getElementById(focused)?.focus()
    live.dataset.served = 'yes'
  }

  // A demo is started when its slide is shown first.
  const watch = (slide) => {
    const start = () => {
      if (!slide.classList.contains('bespoke-marp-active')) return
      for (const live of slide.querySelectorAll('.live:not([data-adopted])'))
        if (known.lives[live.id]) {
          live.dataset.adopted = 'yes'
          adopt(live).catch(({ status }) => {
            // The controls of the grid stay; where the server was only busy, it is asked again.
            delete demos[known.lives[live.id].demo]
            delete live.dataset.adopted
            if (status === 503) setTimeout(start, 2000)
          })
        }
    }
    start()
    new MutationObserver(start).observe(slide, { attributes: true, attributeFilter: ['class'] })
  }
  if (Object.keys(known.lives).length) {
    document.querySelectorAll('svg[data-marpit-svg]').forEach(watch)
    addEventListener('llmdeck:slide', ({ detail }) => watch(detail))
  }
})()
