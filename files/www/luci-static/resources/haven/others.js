// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.api as api';

// What is older is not what the router is like now.
const FRESH_S = 5;

return baseclass.extend({
	/* What the paired routers say of themselves, each with the age of its word. */
	create() {
		return { known: new Map(), asking: new Set() };
	},

	/* Ask those that a status names; nothing is waited for, and nothing asked twice. */
	ask(others, status) {
		const peers = (status.channel || {}).peers || [];
		for (const name of [ ...others.known.keys() ])
			if (!peers.some((peer) => peer.node === name))
				others.known.delete(name);
		for (const peer of peers) {
			const known = others.known.get(peer.node) || { status: null, at: 0, error: null };
			others.known.set(peer.node, Object.assign(known, { peer: peer }));
			if (!others.asking.has(peer.node))
				this.askOne(others, peer.node, known);
		}
	},

	askOne(others, node, known) {
		others.asking.add(node);
		return api.status(node).then(
			(status) => Object.assign(known, { status: status, at: Date.now(), error: null }),
			(error) => { known.error = error; }
		).finally(() => others.asking.delete(node));
	},

	/* [ { node, peer, status or null, age_s, fresh, error } ] */
	list(others) {
		return [ ...others.known ].map(([ node, known ]) => {
			const age = known.status ? (Date.now() - known.at) / 1000 : null;
			return Object.assign({ node: node, age_s: age, fresh: age !== null && age < FRESH_S }, known);
		});
	}
});
