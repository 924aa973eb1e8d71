// SPDX-License-Identifier: GPL-2.0-or-later
// node small_words.mjs FOLDER: tests/micropython.py by the MicroPython in FOLDER, whose words have 32 bits:
// what is longer is a big integer there, as on most routers. It runs in WebAssembly, without a machine around it.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PACKAGE = 'node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs';
const { loadMicroPython } = await import(pathToFileURL(path.resolve(process.argv[2], PACKAGE)));
const python = await loadMicroPython({ heapsize: 1 << 28, stdout: line => console.log(line), linebuffer: true });

function take(from, to) {
	python.FS.mkdirTree(to);
	for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
		const [ source, target ] = [ path.join(from, entry.name), `${to}/${entry.name}` ];
		if (entry.isDirectory() && entry.name !== '__pycache__')
			take(source, target);
		else if (entry.isFile())
			python.FS.writeFile(target, fs.readFileSync(source));
	}
}

take(path.join(ROOT, 'src/haven'), '/haven/src/haven');
for (const folder of [ 'core', 'scenarios', 'vectors', 'config' ])
	take(path.join(ROOT, 'tests', folder), `/haven/tests/${folder}`);
python.FS.writeFile('/haven/tests/micropython.py', fs.readFileSync(path.join(ROOT, 'tests/micropython.py')));
take(path.join(ROOT, 'tests/machines/stand_ins'), '/haven/src');

try {
	python.runPython(`
import os as machine, sys
class Os:
    def __getattr__(self, name): return getattr(machine, name)
    def getenv(self, name, default=None): return default
sys.modules['os'] = Os()
print('%s, words up to %d' % (sys.version, sys.maxsize))
__file__ = '/haven/tests/micropython.py'
exec(open(__file__).read())
`);
} catch (error) {
	// SystemExit is how the tests tell their result.
	if (!String(error).includes('SystemExit: 0'))
		process.exitCode = 1;
}
