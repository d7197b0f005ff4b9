// One conversion by marp-cli: `node worker.mjs FOLDER`, where FOLDER holds node_modules; the request comes on stdin.
//
// marp-cli is loaded before the request is read: the build starts this process first and renders its templates
// meanwhile. Stdin ends with the request, so marp-cli never waits on it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

const warmUp = async (marpCli) => {
  const folder = await mkdtemp(join(tmpdir(), 'llmdeck-'))
  try {
    const page = join(folder, 'page.md')
    await writeFile(page, '# $x$\n\n```python\nx = 1\n```\n')
    const config = fileURLToPath(new URL('marp.config.mjs', import.meta.url))
    await marpCli(['--no-stdin', '--config-file', config, page])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

module.enableCompileCache?.() // Node 22 and newer start faster with it
const request = text(process.stdin)
const library = join(process.argv[2], 'node_modules/@marp-team/marp-cli/lib/index.js')
const { marpCli } = await import(pathToFileURL(library))
let help = ''
const write = process.stdout.write
process.stdout.write = (chunk) => Boolean((help += chunk))
await marpCli(['--version']) // the call that loads all of it
await marpCli(['--help'])
process.stdout.write = write

// Whoever is still waiting, for a demo that runs, gains by a first conversion: the second one takes half its time.
const waiting = await Promise.race([request.then(() => false), setTimeout(20, true)])
if (waiting) await warmUp(marpCli)

// marp-cli ignores an option that it does not know, so it is asked for those that it knows.
const known = new Set(['--no-stdin', ...help.match(/--[a-z][\w.-]*/g)])
const { args } = JSON.parse(await request)
const unknown = args.filter((arg) => arg.startsWith('--') && !known.has(arg.split('=')[0]))
if (unknown.length) console.error(`marp-cli has no option ${unknown.join(', ')}`)
process.exit(unknown.length ? 1 : await marpCli(args))
