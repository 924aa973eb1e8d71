// SPDX-License-Identifier: GPL-2.0-or-later
// node small_cpython.mjs FOLDER WORDS...: pytest WORDS by the CPython in FOLDER/pyodide, whose words have 32 bits. It
// runs in WebAssembly, without a machine around it: no network, no other programs.

import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');
const [ folder, ...words ] = process.argv.slice(2);
const PACKAGE = 'pyodide/node_modules/pyodide/pyodide.mjs';
const { loadPyodide } = await import(pathToFileURL(path.resolve(folder, PACKAGE)));
const python = await loadPyodide({ env: { HOME: '/tmp', PYTHONDONTWRITEBYTECODE: '1' } });

for (const [ inside, outside ] of [ [ '/haven', ROOT ], [ '/pure', path.resolve(folder, 'pure') ] ]) {
	python.FS.mkdirTree(inside);
	python.mountNodeFS(inside, outside);
}
python.globals.set('words', python.toPy(words));
process.exitCode = python.runPython(`
import ipaddress, os, _socket, socket, sys
sys.path[:0] = ['/haven/src', '/haven', '/pure']
os.chdir('/haven')
# Its C library has no IPv6, not even for the notation of addresses.
def octets(family, text):
    try:
        return ipaddress.ip_address(text).packed
    except ValueError as error:
        raise OSError(str(error)) from error
for module in (socket, _socket):
    module.inet_pton = octets
    module.inet_ntop = lambda family, octets: str(ipaddress.ip_address(bytes(octets)))
print('CPython %d.%d.%d, words up to %d' % (*sys.version_info[:3], sys.maxsize))
import pytest
int(pytest.main(list(words)))
`);
