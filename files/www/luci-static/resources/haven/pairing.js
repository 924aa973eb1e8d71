// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require ui';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.live as live';
'require haven.message as message';
'require haven.panels as panels';
'require haven.words as words';

// Enough of a fingerprint for two people to compare.
const SHOWN = 16;

function spaced(code) {
	return code.replace(/(.{4})(?=.)/g, '$1 ');
}

function rows(peer) {
	return [
		[ _('State'), message.state(peer.state) ],
		[ _('Last heard'), peer.heard_ms == null ? _('not reached: %s').format(message.failureWords(peer.trouble || 'no answer')) : words.ago(peer.heard_ms / 1000) ],
		[ _('Reached at'), peer.address ],
		[ _('Version of haven'), peer.version ],
		[ _('Fingerprint of its key'), peer.fingerprint.slice(0, SHOWN) ]
	];
}

return baseclass.extend({
	/* Who is paired with this router, and the code by which another joins; asked every second. */
	create() {
		const panel = Object.assign(Object.create(this), { offer: null, named: null, peers: E('div', { 'data-part': 'peers' }),
			code: E('div', { 'data-part': 'code', 'aria-live': 'polite' }) });
		panel.node = E('div', { 'class': 'cbi-section', 'data-part': 'pairing' }, [
			E('h3', {}, [ _('Other routers') ]), panel.peers, panel.code,
			E('div', { 'class': 'haven-bar-of-tools' }, [ E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-action': 'pair',
				'disabled': L.hasViewPermission() ? null : 'disabled', 'click': ui.createHandlerFn(panel, 'pair') }, [ _('Show a code') ]) ])
		]);
		panel.look();
		live.every(1, () => panel.look());
		return panel.node;
	},

	look() {
		this.renew();
		return api.peers().then((peers) => this.show(peers), (error) => this.showTrouble(error));
	},

	show(peers) {
		// Who is new has used the code.
		if (this.offer && peers.length > this.offer.before) {
			this.offer = null;
			dom.content(this.code, [ E('div', { 'class': 'alert-message success' }, [ _('Another router has joined.') ]) ]);
		}
		this.count = peers.length;
		this.showCards(peers.map((peer) => peer.node));
		peers.forEach((peer, index) => dom.content(this.facts[index], [ panels.facts(rows(peer)) ]));
	},

	showCards(nodes) {
		const named = JSON.stringify(nodes);
		// A button that is drawn anew under the finger is not pressed.
		if (named === this.named)
			return;
		this.named = named;
		this.facts = nodes.map(() => E('div', {}));
		dom.content(this.peers, nodes.length ? [ E('div', { 'class': 'haven-columns' }, nodes.map((node, index) => this.card(node, this.facts[index]))) ]
			: [ E('p', {}, [ _('No router is paired with this one.') ]) ]);
	},

	showTrouble(error) {
		this.named = null;
		dom.content(this.peers, [ panels.trouble(error) ]);
	},

	card(node, facts) {
		return E('div', { 'class': 'haven-card', 'data-peer': node }, [ E('h4', {}, [ node ]), facts,
			L.hasViewPermission() ? E('div', { 'class': 'haven-bar-of-tools' }, [ E('button', { 'class': 'btn cbi-button', 'data-action': 'unpair',
				'click': () => this.unpair(node) }, [ _('End the pairing') ]) ]) : '' ]);
	},

	unpair(node) {
		return confirm.ask(_('End the pairing'), [
			_('%s and this router will not know each other any more; both go on as gateways.').format(node),
			_('Their configurations are not kept in common any more, and one does not tell what the other says.')
		], _('End the pairing')).then((wanted) => wanted ? api.unpair(node).then((answer) => this.told(node, answer), (error) => this.failed(error)) : null);
	},

	told(node, answer) {
		dom.content(this.code, answer.told ? [] : [ E('div', { 'class': 'alert-message warning' }, [
			_('%s was not reached: end the pairing there, too.').format(node) ]) ]);
		return this.look();
	},

	failed(error) {
		dom.content(this.code, [ panels.trouble(error) ]);
	},

	pair() {
		return api.pair().then((offer) => {
			this.offer = Object.assign(offer, { before: this.count || 0, at: Date.now(), });
			this.draw();
		}, (error) => this.failed(error));
	},

	draw() {
		this.left = E('strong', {}, []);
		dom.content(this.code, [ E('div', { 'class': 'haven-card' }, [
			E('p', { 'class': 'haven-code', 'data-code': this.offer.code }, [ spaced(this.offer.code) ]),
			E('p', {}, [ _('On the other router: Set-up, “The second router”, and this code. It is good for one router, and for'), ' ', this.left, '.' ]),
			this.offer.addresses.length ? E('p', {}, [ _('Where they have no link in common, with an address of this one: %s.').format(this.offer.addresses.join(', ')) ]) : ''
		]) ]);
		this.renew();
	},

	/* How long the code is good yet. */
	renew() {
		if (!this.offer)
			return;
		const left = this.offer.left_s - (Date.now() - this.offer.at) / 1000;
		if (left > 0)
			return dom.content(this.left, [ words.duration(left) ]);
		this.offer = null;
		dom.content(this.code, [ E('p', {}, [ _('The code is not good any more.') ]) ]);
	}
});
