// Compiled code kept between runs, for a Node older than 22, which can't do it itself (`module.enableCompileCache`):
// marp-cli is 670 small modules, and compiling them is a fifth of a conversion's time.
//
// V8 rejects data of another version, and the modules never change: their folder is named by the lock's digest. It does
// not see damage, so the file begins with its own digest.
import { createHash } from 'node:crypto'
import module, { createRequire } from 'node:module'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import v8 from 'node:v8'
import vm from 'node:vm'

const digest = (bytes) => createHash('sha1').update(bytes).digest()

const read = (file) => {
  try {
    const whole = readFileSync(file)
    const bytes = whole.subarray(20)
    return digest(bytes).equals(whole.subarray(0, 20)) ? v8.deserialize(bytes) : new Map()
  } catch {
    return new Map() // there is none yet
  }
}

// Use what an earlier run kept in `folder`; return what a run that found nothing calls at its end, to keep its own.
export const useCompiled = (folder) => {
  const file = join(folder, `compiled-${process.version}-${process.arch}.bin`)
  const kept = read(file)
  const scripts = new Map()
  const compile = module.prototype._compile
  module.prototype._compile = function (content, filename) {
    // Code that was kept has lost how it imports modules (https://github.com/nodejs/node/issues/43663).
    if (/\bimport\(/.test(content)) return compile.call(this, content, filename)
    const script = new vm.Script(module.wrap(content), { filename, cachedData: kept.get(filename) })
    scripts.set(filename, script)
    const run = script.runInThisContext()
    return run.call(this.exports, this.exports, createRequire(filename), this, filename, dirname(filename))
  }
  return () => {
    if (kept.size) return
    const data = new Map([...scripts].map(([name, script]) => [name, script.createCachedData()]))
    const bytes = v8.serialize(data)
    writeFileSync(`${file}.${process.pid}`, Buffer.concat([digest(bytes), bytes]))
    renameSync(`${file}.${process.pid}`, file)
  }
}
