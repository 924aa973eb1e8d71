// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require rpc';

function declare(method, params, expect) {
	return rpc.declare({ object: 'uci', method: method, params: params, expect: expect, reject: true });
}

const calls = {
	get: declare('get', [ 'config' ], { values: {} }),
	add: declare('add', [ 'config', 'type', 'name', 'values' ], { section: '' }),
	set: declare('set', [ 'config', 'section', 'values' ]),
	'delete': declare('delete', [ 'config', 'section', 'options' ])
};

return baseclass.extend({
	__init__() {
		this.saved = {};
		this.now = {};
		this.counted = 0;
	},

	load(names) {
		const missing = L.toArray(names).filter((name) => !this.saved[name]);
		return Promise.all(missing.map((name) => calls.get(name).then((values) => {
			this.saved[name] = values;
			this.now[name] = structuredClone(values);
		}))).then(() => missing);
	},

	unload(names) {
		for (const name of L.toArray(names)) {
			delete this.saved[name];
			delete this.now[name];
		}
	},

	sections(config, type) {
		return Object.values(this.now[config] || {}).filter((section) => !type || section['.type'] === type)
			.sort((one, other) => one['.index'] - other['.index']).map((section) => ({ ...section }));
	},

	get(config, name, option) {
		const section = (this.now[config] || {})[name];
		if (!section)
			return null;
		return option === undefined ? { ...section } : section[option] === undefined ? null : section[option];
	},

	get_first(config, type, option) {
		const [ first ] = this.sections(config, type);
		return first ? this.get(config, first['.name'], option) : null;
	},

	add(config, type, name) {
		const made = name || 'new%d'.format(++this.counted);
		this.now[config][made] = { '.type': type, '.name': made, '.anonymous': !name, '.index': 1000 + this.counted++ };
		return made;
	},

	remove(config, name) {
		delete (this.now[config] || {})[name];
	},

	set(config, name, option, value) {
		const section = (this.now[config] || {})[name];
		if (section && value === null)
			delete section[option];
		else if (section)
			section[option] = value;
	},

	unset(config, name, option) {
		this.set(config, name, option, null);
	},

	save() {
		return Promise.all(Object.keys(this.now).map((config) => this.write(config))).then(() => {
			const loaded = Object.keys(this.now);
			this.unload(loaded);
			return this.load(loaded);
		});
	},

	async write(config) {
		const before = this.saved[config], after = this.now[config];
		for (const name in before)
			if (!after[name])
				await calls.delete(config, name, null);
		for (const name in after)
			await (before[name] ? this.change(config, before[name], after[name]) : this.make(config, after[name]));
	},

	make(config, section) {
		const options = Object.fromEntries(Object.entries(section).filter(([ name ]) => name[0] !== '.'));
		return calls.add(config, section['.type'], section['.anonymous'] ? null : section['.name'], options);
	},

	async change(config, before, after) {
		const gone = Object.keys(before).filter((name) => !(name in after));
		const changed = Object.entries(after).filter(([ name, value ]) => JSON.stringify(before[name]) !== JSON.stringify(value));
		if (changed.length)
			await calls.set(config, after['.name'], Object.fromEntries(changed));
		if (gone.length)
			await calls.delete(config, after['.name'], gone);
	}
});
