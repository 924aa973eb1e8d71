// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require rpc';

const read = rpc.declare({ object: 'file', method: 'read', params: [ 'path' ], expect: { data: '' }, reject: true });

return baseclass.extend({
	read(path) {
		return read(path);
	}
});
