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
import { useCompiled } from './compiled.mjs'
import { convert, printed } from './options.mjs'

const request = text(process.stdin)
const folder = process.argv[2]
const keepCompiled = module.enableCompileCache ? () => {} : useCompiled(folder)
module.enableCompileCache?.()
const library = join(folder, 'node_modules/@marp-team/marp-cli/lib/index.js')
const { marpCli } = await import(pathToFileURL(library))

// A first conversion: the second one takes half its time.
const warmUp = async () => {
  const work = await mkdtemp(join(tmpdir(), 'llmdeck-'))
  try {
    const page = join(work, 'page.md')
    await writeFile(page, '# $x$\n\n```python\nx = 1\n```\n')
    const config = fileURLToPath(new URL('marp.config.mjs', import.meta.url))
    await marpCli(['--no-stdin', '--config-file', config, page])
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

await printed(marpCli, '--version') // the call that loads all of it
const waiting = await Promise.race([request.then(() => false), setTimeout(5, true)])
if (waiting) await warmUp() // a demo runs meanwhile

const { args } = JSON.parse(await request)
const code = await convert(marpCli, folder, args)
keepCompiled()
process.exit(code)
