// One conversion by marp-cli: `node worker.mjs FOLDER`, where FOLDER holds node_modules; the request comes on stdin.
//
// marp-cli is loaded before the request is read: the build starts this process first and renders its templates
// meanwhile. Stdin ends with the request, so marp-cli never waits on it.
import module from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

module.enableCompileCache?.() // Node 22 and newer start faster with it
const request = text(process.stdin)
const library = join(process.argv[2], 'node_modules/@marp-team/marp-cli/lib/index.js')
const { marpCli } = await import(pathToFileURL(library))
await marpCli(['--version']) // the call that loads all of it; what it prints goes nowhere

const { args } = JSON.parse(await request)
process.exitCode = await marpCli(args)
