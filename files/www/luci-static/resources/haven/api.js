// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require rpc';
'require fs';
'require haven.catalogue as catalogue';
'require haven.message as message';

const QUICK_MS = catalogue.patience.answer_s * 1000;
const SLOW_MS = catalogue.patience.handover_s * 1000;
// When LuCI itself gives a request up.
const GIVEN_UP_MS = (L.env.rpctimeout || 20) * 1000;

function declare(method, params, object) {
	return rpc.declare({ object: object || 'haven', method: method, params: params || [] });
}

const calls = {
	status: declare('status', [ 'node' ]),
	events: declare('events', [ 'node' ]),
	plan: declare('plan', [ 'text', 'node' ]),
	validate: declare('validate', [ 'text' ]),
	switchover: declare('switchover', [ 'group', 'node' ]),
	maintenance: declare('maintenance', [ 'on', 'node' ]),
	reload: declare('reload', [ 'begin' ]),
	drill: declare('drill', [ 'node', 'drill', 'back' ]),
	history: declare('history', [ 'days' ]),
	offlinePlan: declare('plan', [ 'text' ], 'luci.haven'),
	offlineValidate: declare('validate', [ 'text' ], 'luci.haven'),
	heard: declare('heard', [ 'devices' ]),
	doctor: declare('doctor', [ 'begin' ]),
	offlineHeard: declare('heard', [ 'devices' ], 'luci.haven'),
	state: declare('state', [], 'luci.haven'),
	peers: declare('peers'),
	pair: declare('pair'),
	unpair: declare('unpair', [ 'node' ]),
	sync: declare('sync'),
	syncDiff: declare('sync_diff'),
	syncHistory: declare('sync_history'),
	syncNow: declare('sync_now'),
	syncTake: declare('sync_take', [ 'node', 'path' ]),
	syncUndo: declare('sync_undo', [ 'number' ]),
	offers: declare('offers', [], 'luci.haven'),
	begin: declare('begin', [ 'command', 'address', 'code' ], 'luci.haven'),
	tell: declare('tell', [ 'command', 'answers' ], 'luci.haven'),
	job: declare('job', [], 'luci.haven')
};

// Which kind of trouble an error of uhttpd's (JSON-RPC), or a status of ubus is.
const KIND_OF_ERROR = { '-32000': 'agent', '-32002': 'denied' };
const KIND_OF_STATUS = { 2: 'argument', 3: 'agent', 4: 'agent', 6: 'denied', 7: 'late', 9: 'refused', 10: 'havend' };
// What LuCI calls the end of a login; and what is a mistake in a page.
const SESSION = 'SessionError';
const MISTAKES = [ TypeError, ReferenceError, RangeError, SyntaxError ];

function trouble(kind, detail) {
	const error = new Error(detail || kind);
	error.kind = kind;
	error.detail = detail || '';
	return error;
}

function kindOfReply(reply) {
	if (L.isObject(reply) && L.isObject(reply.error))
		return KIND_OF_ERROR[reply.error.code] || 'unknown';
	const status = L.isObject(reply) && Array.isArray(reply.result) ? reply.result[0] : 0;
	return status ? KIND_OF_STATUS[status] || 'unknown' : null;
}

// An error of rpc.js has the number of the failure in a sentence only, so it is noted when the reply comes.
rpc.addInterceptor((reply, request) => {
	const kind = kindOfReply(reply), reject = request.reject;
	if (kind)
		request.reject = (error) => reject(error.name === SESSION ? error : Object.assign(error, { kind: kind }));
});

function kindOf(error, elapsed) {
	if (error.kind)
		return error.kind;
	if (error.name === SESSION)
		return 'session';
	if (MISTAKES.some((mistake) => error instanceof mistake))
		return 'unknown';
	return elapsed >= GIVEN_UP_MS ? 'late' : 'router';
}

/* Any error as one that has .kind and .detail, after so many milliseconds. */
function classify(error, elapsed) {
	const found = error instanceof Error ? error : new Error(String(error));
	if (found.detail !== undefined)
		return found;
	// LuCI writes the places in its own source behind the words, each on a line.
	return trouble(kindOf(found, elapsed || 0), found.message.split(/\n\s+at /)[0]);
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
		throw trouble(KIND_OF_STATUS[answer] || 'unknown', rpc.getStatusText(answer));
	if (!L.isObject(answer))
		throw trouble('malformed');
	if (answer.error)
		throw Object.assign(trouble(answer.kind || 'havend', message.refusal(answer)), { code: answer.code });
	return answer;
}

function shaped(answer, ...keys) {
	if (!keys.every((key) => Array.isArray(answer[key])))
		throw trouble('malformed');
	return answer;
}

function ask(method, ms, ...args) {
	const began = Date.now();
	return within(Promise.resolve().then(() => calls[method](...args)), ms).then(open)
		.catch((error) => { throw classify(error, Date.now() - began); });
}

// The agent does not run before haven is enabled; rpcd's own program, a process for each call, answers these then.
function askEvenOffline(method, offline, argument) {
	return ask(method, SLOW_MS, argument).catch((error) => {
		if (error.kind !== 'agent')
			throw error;
		return ask(offline, SLOW_MS, argument);
	});
}

const AGAIN_MS = 1000;
// As far as it may be the reload itself that keeps the router from answering, for a while.
const PASSING = [ 'late', 'agent', 'havend', 'router' ];

function standsWhere(until) {
	return new Promise((resolve) => window.setTimeout(resolve, AGAIN_MS))
		.then(() => ask('reload', QUICK_MS, false))
		.catch((error) => {
			if (!PASSING.includes(error.kind) || Date.now() > until)
				throw error;
			return standsWhere(until);
		});
}

function reloaded(answer) {
	if (answer.running)
		return standsWhere(Date.now() + SLOW_MS).then(reloaded);
	if (!L.isObject(answer.answer))
		throw trouble('lost');
	return open(answer.answer);
}

// Asked once in so many milliseconds: a page looks every second.
const STATE_LASTS_MS = 5000;
let stateAsked = 0, state = null;

function whyOff() {
	if (!state || Date.now() - stateAsked > STATE_LASTS_MS) {
		stateAsked = Date.now();
		state = ask('state', QUICK_MS).catch(() => null);
	}
	return state;
}

/* The same error; where the agent is not there because nobody wants it to be, of a kind that says so. */
function explain(error) {
	if (error.kind !== 'agent')
		throw error;
	return whyOff().then((now) => {
		if (now && !now.enabled)
			error.kind = now.configured ? 'disabled' : 'unconfigured';
		throw error;
	});
}

return baseclass.extend({
	classify: classify,

	/* Every function rejects with an Error that has .kind and .detail, which haven.words explains. */
	status(node) {
		return ask('status', QUICK_MS, node).then((a) => shaped(a, 'virtual_routers', 'groups', 'problems')).catch(explain);
	},

	events(node) {
		return ask('events', QUICK_MS, node).then((a) => shaped(a, 'events').events).catch(explain);
	},

	plan(text) {
		const answer = text === undefined ? ask('plan', SLOW_MS).catch(explain) : askEvenOffline('plan', 'offlinePlan', text);
		return answer.then((a) => a.problems ? a : shaped(a, 'virtual_routers', 'groups'));
	},

	validate(text) {
		return askEvenOffline('validate', 'offlineValidate', text).then((a) => shaped(a, 'problems'));
	},

	/* The virtual routers that others advertise on each of the devices, by its name; takes three seconds. */
	heard(devices) {
		return askEvenOffline('heard', 'offlineHeard', devices).then((a) => a.heard || {});
	},

	/* Where a look at everything stands, and what the last one has found; with `begin` it begins. */
	doctor(begin) {
		return ask('doctor', QUICK_MS, begin).catch(explain);
	},

	switchover(node) {
		return ask('switchover', SLOW_MS, undefined, node);
	},

	maintenance(on, node) {
		return ask('maintenance', SLOW_MS, on, node);
	},

	/* Begun, and asked where it stands until it has ended: a slow router takes minutes. */
	reload() {
		return ask('reload', SLOW_MS, true).then(reloaded);
	},

	/* Have a failover rehearsed on a router, and back; what comes of it the status tells. */
	drill(node, kind) {
		return ask('drill', QUICK_MS, node, kind, true);
	},

	/* What the routers remember of so many days. */
	history(days) {
		return ask('history', SLOW_MS, days).then((a) => shaped(a, 'nodes', 'outages', 'drills')).catch(explain);
	},

	/* The routers that are paired with this one. */
	peers() {
		return ask('peers', QUICK_MS).then((a) => shaped(a, 'peers').peers).catch(explain);
	},

	pair() {
		return ask('pair', QUICK_MS);
	},

	unpair(node) {
		return ask('unpair', QUICK_MS, node);
	},

	/* Where the common configuration stands. */
	sync() {
		return ask('sync', QUICK_MS).then((a) => shaped(a, 'conflicts', 'problems')).catch(explain);
	},

	syncDiff() {
		return ask('syncDiff', QUICK_MS).then((a) => shaped(a, 'rows').rows);
	},

	syncHistory() {
		return ask('syncHistory', QUICK_MS).then((a) => shaped(a, 'changes').changes);
	},

	syncNow() {
		return ask('syncNow', QUICK_MS);
	},

	syncTake(node, path) {
		return ask('syncTake', QUICK_MS, node, path);
	},

	syncUndo(number) {
		return ask('syncUndo', QUICK_MS, number);
	},

	/* The routers that can be joined by a link; takes two seconds. */
	offers() {
		return ask('offers', SLOW_MS).then((a) => shaped(a, 'offers').offers);
	},

	/* A setup or a joining goes on by itself: begun, told, and asked where it stands. */
	begin(command, address, code) {
		return ask('begin', QUICK_MS, command, address, code);
	},

	tell(command, answers) {
		return ask('tell', QUICK_MS, command, answers);
	},

	job() {
		return ask('job', QUICK_MS);
	},

	schema() {
		return fs.read('/usr/share/haven/schema.json').then(JSON.parse)
			.then((schema) => shaped(schema, 'sections'))
			.catch((error) => { throw trouble('schema', String(error.message || error)); });
	}
});
