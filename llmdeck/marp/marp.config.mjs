// How Marp is set up. Assets that Marp would load from a CDN get relative addresses, which `page.py` inlines.
const dropNotes = (marp) => {
  const render = marp.render.bind(marp)
  marp.render = (...args) => {
    const result = render(...args)
    return { ...result, comments: result.comments.map(() => []) }
  }
  return marp
}

export default {
  engine: ({ marp }) => (process.env.LLMDECK_NOTES === 'no' ? dropNotes(marp) : marp),
  html: true, // templates are trusted; what demos return is escaped before it gets here
  options: {
    emoji: { shortcode: 'twemoji', unicode: 'twemoji', twemoji: { base: 'twemoji/', ext: 'svg' } },
    math: { katexFontPath: 'katex/' },
  },
}
