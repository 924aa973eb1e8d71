// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stand-in for LuCI's luci.js and cbi.js, with as much as haven's pages use. The same tests run on the
 * real ones where HAVEN_TEST_LUCI names their folder, and that is what holds it to them.
 */
'use strict';

(function(window, document) {
	const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
	const CONVERSIONS = {
		d: (value) => String(Math.trunc(value) || 0),
		s: (value) => String(value),
		h: (value) => String(value).replace(/[&<>"']/g, (letter) => ENTITIES[letter])
	};

	String.prototype.format = function(...values) {
		return this.replace(/%(?:\.(\d))?([a-z%])/g, (all, digits, letter) => {
			if (letter === '%')
				return '%';
			if (letter === 'f')
				return Number(values.shift()).toFixed(digits);
			if (!CONVERSIONS[letter])
				throw new Error('the stand-in knows no %' + letter);
			return CONVERSIONS[letter](values.shift());
		});
	};

	window._ = (text, context) => window.TR && window.TR[context == null ? text : context + '\u0001' + text] || text;

	function raise(type, text) {
		const error = new Error(text);
		error.name = type;
		// The real one appends where it was thrown.
		error.message += '\n' + error.stack.split('\n').slice(2).map((line) => '  ' + line.trim()).join('\n');
		throw error;
	}

	// --- classes ---

	class Base {
		static extend(members) {
			const parent = this;
			const made = class extends parent {};
			for (const name of Object.keys(members))
				made.prototype[name] = members[name];
			return made;
		}

		static isSubclass(other) {
			return typeof other === 'function' && other.prototype instanceof this;
		}

		constructor(...values) {
			if (this.__init__)
				this.__init__(...values);
		}

		super(name, values) {
			let at = Object.getPrototypeOf(this);
			const own = this[name];
			while (at && !(Object.hasOwn(at, name) && at[name] === own))
				at = Object.getPrototypeOf(at);
			const inherited = Object.getPrototypeOf(at)[name];
			return inherited ? inherited.apply(this, values || []) : undefined;
		}
	}

	// --- dom ---

	const instances = new WeakMap();

	const dom = {
		elem: (value) => value instanceof Node,

		// As in LuCI, a bare string is HTML; in a list it is text.
		append(node, children) {
			if (Array.isArray(children))
				children.filter((each) => each !== null && each !== undefined).forEach((each) =>
					node.appendChild(dom.elem(each) ? each : document.createTextNode(String(each))));
			else if (dom.elem(children))
				node.appendChild(children);
			else if (children !== null && children !== undefined)
				node.innerHTML = String(children);
			return node.lastChild;
		},

		content(node, children) {
			node.replaceChildren();
			return dom.append(node, children);
		},

		create(tag, attributes, children) {
			const made = Array.isArray(tag) ? document.createDocumentFragment() : document.createElement(tag);
			const bare = attributes !== null && typeof attributes === 'object' && !Array.isArray(attributes) && !dom.elem(attributes);
			for (const name of Object.keys(bare ? attributes : {}))
				dom.attribute(made, name, attributes[name]);
			dom.append(made, Array.isArray(tag) ? tag : bare ? children : attributes);
			return made;
		},

		attribute(node, name, value) {
			if (typeof value === 'function')
				node.addEventListener(name, value);
			else if (value !== null && value !== undefined)
				node.setAttribute(name, typeof value === 'object' ? JSON.stringify(value) : value);
		},

		bindClassInstance(node, instance) {
			instances.set(node, instance);
			return instance;
		},

		findClassInstance(node) {
			while (node && !instances.has(node))
				node = node.parentNode;
			return node ? instances.get(node) : null;
		}
	};

	window.E = dom.create;

	// --- poll ---

	const poll = {
		queue: [],
		tick: 0,
		timer: null,

		add(run, seconds) {
			poll.queue.push({ run: run, seconds: seconds || 5, ready: true });
			if (!poll.timer)
				poll.start();
			return true;
		},

		remove(run) {
			poll.queue = poll.queue.filter((each) => each.run !== run);
			return true;
		},

		start() {
			poll.timer = window.setInterval(poll.step, 1000);
			poll.step();
		},

		stop() {
			window.clearInterval(poll.timer);
			poll.timer = null;
		},

		step() {
			for (const each of poll.queue.filter((one) => one.ready && poll.tick % one.seconds === 0)) {
				each.ready = false;
				Promise.resolve(each.run()).finally(() => { each.ready = true; });
			}
			poll.tick++;
		}
	};

	// --- requests to ubus: what is asked at once goes in one message ---

	let waiting = [];

	function flush() {
		const asked = waiting;
		waiting = [];
		fetch(window.L.env.ubuspath, { method: 'POST', body: JSON.stringify(asked.map((each) => each.message)) })
			.then((answer) => answer.json().catch(() => null))
			// An error of HTTP shows itself by nothing else.
			.then((found) => asked.forEach((each) => Array.isArray(found) && found.length ? each.resolve(found.shift())
				: each.reject(new Error('No related RPC reply'))))
			// Of XMLHttpRequest, which the real one uses, nothing comes but that it failed.
			.catch(() => asked.forEach((each) => each.reject(new Error('XHR request aborted by browser'))));
	}

	function ask(message) {
		return new Promise((resolve, reject) => {
			waiting.push({ message, resolve, reject });
			if (waiting.length === 1)
				window.requestAnimationFrame(flush);
		});
	}

	// --- views ---

	function failed(error) {
		const place = document.getElementById('view');
		dom.content(place, [ E('p', { 'class': 'alert-message error' }, [ String(error.message) ]) ]);
		console.error(error);
	}

	const BUTTONS = [ [ _('Save & Apply'), 'apply', 'handleSaveApply' ], [ _('Save'), 'save', 'handleSave' ],
		[ _('Reset'), 'reset', 'handleReset' ] ];

	const View = Base.extend({
		__init__() {
			const place = document.getElementById('view');
			return Promise.resolve().then(() => this.load()).then((data) => this.render(data)).then((nodes) => {
				dom.content(place, nodes);
				place.appendChild(this.addFooter());
			}).catch(failed);
		},

		load() {},

		addFooter() {
			const buttons = BUTTONS.filter(([ , , handler ]) => this[handler]).map(([ title, kind, handler ]) => E('button', {
				'class': 'cbi-button cbi-button-' + kind, 'click': window.L.ui.createHandlerFn(this, handler) }, [ title ]));
			return buttons.length ? E('div', { 'class': 'cbi-page-actions' }, buttons) : E([]);
		}
	});

	// --- modules ---

	const built = { baseclass: Base, dom: dom, poll: poll, view: View };
	const modules = new Map();

	function requirements(source) {
		return [ ...source.matchAll(/^'require ([a-z0-9_.-]+)(?: as (\w+))?';$/gmi) ]
			.map((found) => ({ module: found[1], name: found[2] || found[1].replace(/[^a-z0-9_]/gi, '_') }));
	}

	async function build(name) {
		const address = '%s/%s.js'.format(window.L.env.resource, name.replaceAll('.', '/'));
		const answer = await fetch(address);
		if (!answer.ok)
			raise('NetworkError', 'HTTP error %d while loading %s'.format(answer.status, address));
		const source = await answer.text();
		const needed = requirements(source);
		const found = await Promise.all(needed.map((each) => window.L.require(each.module)));
		const make = new Function('window', 'document', 'L', 'E', '_', ...needed.map((each) => each.name), source + '\n//# sourceURL=' + address);
		const made = make(window, document, window.L, window.E, window._, ...found);
		if (!Base.isSubclass(made))
			raise('TypeError', name + ' returns no class');
		return new made();
	}

	window.LuCI = class {
		constructor(env) {
			this.env = env;
			this.dom = dom;
			this.rpc = { ask: ask };
		}

		require(name) {
			if (built[name])
				return Promise.resolve(built[name]);
			if (!modules.has(name))
				modules.set(name, build(name));
			return modules.get(name);
		}

		raise(type, text, ...values) {
			raise(type, text.format(...values));
		}

		isObject(value) {
			return value !== null && typeof value === 'object';
		}

		toArray(value) {
			if (value === null || value === undefined)
				return [];
			if (Array.isArray(value))
				return value;
			return typeof value === 'object' ? [ value ] : String(value).trim().split(/\s+/).filter(Boolean);
		}

		resolveDefault(value, other) {
			return Promise.resolve(value).catch(() => other);
		}

		resource(...parts) {
			return [ this.env.resource, ...parts ].join('/');
		}

		url(...parts) {
			return [ this.env.scriptname, ...parts ].join('/');
		}

		hasViewPermission() {
			return !this.env.nodespec.readonly;
		}
	};
})(window, document);
