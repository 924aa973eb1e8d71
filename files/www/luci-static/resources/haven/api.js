// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require rpc';
'require fs';

// The agent answers from memory; what takes longer than this is not coming soon.
const LATE_MS = 5000;
// A handover waits for the connections and for the other router, a plan for the compiler.
const SLOW_MS = 60000;

function declare(method, params, object) {
	return rpc.declare({ object: object || 'haven', method: method, params: params || [] });
}

const calls = {
	status: declare('status'),
	events: declare('events'),
	plan: declare('plan', [ 'text' ]),
	validate: declare('validate', [ 'text' ]),
	switchover: declare('switchover', [ 'group' ]),
	maintenance: declare('maintenance', [ 'on' ]),
	reload: declare('reload'),
	offlinePlan: declare('plan', [ 'text' ], 'luci.haven'),
	offlineValidate: declare('validate', [ 'text' ], 'luci.haven'),
	heard: declare('heard', [ 'devices' ], 'luci.haven')
};

// What rpc.js says of an error, and which kind of trouble that is.
const KINDS = [
	[ /session is expired/, 'session' ],
	[ /error -32000|ubus code (3|4):/, 'agent' ],
	[ /error -32002|ubus code 6:/, 'denied' ],
	[ /ubus code 7:|timed out/i, 'late' ],
	[ /ubus code 2:/, 'argument' ],
	[ /HTTP error|No related RPC reply|XHR|NetworkError|aborted|Failed to fetch/i, 'router' ]
];

function trouble(kind, detail) {
	const error = new Error(detail || kind);
	error.kind = kind;
	error.detail = detail || '';
	return error;
}

function classify(error) {
	if (error && error.kind)
		return error;

	// LuCI writes the places in its own source behind the words, each on a line.
	const [ text ] = String(error && error.message || error).split(/\n\s+at /);
	const found = KINDS.find((row) => row[0].test(text));
	return trouble(found ? found[1] : 'unknown', text);
}

function within(promise, ms) {
	let timer;
	const late = new Promise((resolve, reject) => {
		timer = window.setTimeout(() => reject(trouble('late')), ms);
	});
	return Promise.race([ promise, late ]).finally(() => window.clearTimeout(timer));
}

function open(answer) {
	// A failed call has a status; only where it has no document as well is the status all that comes.
	if (typeof answer === 'number')
		throw classify(new Error('ubus code %d:'.format(answer)));
	if (!L.isObject(answer))
		throw trouble('malformed');
	if (answer.error)
		throw trouble(answer.kind || 'havend', String(answer.error));
	return answer;
}

function shaped(answer, ...keys) {
	if (!keys.every((key) => Array.isArray(answer[key])))
		throw trouble('malformed');
	return answer;
}

function ask(method, ms, ...args) {
	return within(Promise.resolve().then(() => calls[method](...args)), ms).then(open)
		.catch((error) => { throw classify(error); });
}

// The agent does not run before haven is enabled; rpcd's own program answers these then.
function askEvenOffline(method, offline, text) {
	return ask(method, SLOW_MS, text).catch((error) => {
		if (error.kind !== 'agent' || text === undefined)
			throw error;
		return ask(offline, SLOW_MS, text);
	});
}

return baseclass.extend({
	classify: classify,

	/* Every function rejects with an Error that has .kind and .detail, which haven.words explains. */
	status() {
		return ask('status', LATE_MS).then((a) => shaped(a, 'virtual_routers', 'groups', 'problems'));
	},

	events() {
		return ask('events', LATE_MS).then((a) => shaped(a, 'events').events);
	},

	plan(text) {
		return askEvenOffline('plan', 'offlinePlan', text).then((a) => a.problems ? a : shaped(a, 'virtual_routers', 'groups'));
	},

	validate(text) {
		return askEvenOffline('validate', 'offlineValidate', text).then((a) => shaped(a, 'problems'));
	},

	/* The virtual routers that others advertise on each of the devices, by its name; takes three seconds. */
	heard(devices) {
		return ask('heard', SLOW_MS, devices).then((a) => a.heard || {});
	},

	switchover(group) {
		return ask('switchover', SLOW_MS, group || undefined);
	},

	maintenance(on) {
		return ask('maintenance', SLOW_MS, on);
	},

	reload() {
		return ask('reload', SLOW_MS);
	},

	schema() {
		return fs.read('/usr/share/haven/schema.json').then(JSON.parse)
			.then((schema) => shaped(schema, 'sections'))
			.catch((error) => { throw trouble('schema', String(error.message || error)); });
	}
});
