// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require ui';
'require haven.api as api';
'require haven.job as job';
'require haven.message as message';
'require haven.panels as panels';
'require haven.proposal as proposal';

const BUSY = {
	setup: {
		begun: _('Looking at this router, and listening for others on its networks…'),
		trying: _('The new configuration is put in place. Your connection to this router stays.'),
		waiting: _('The new configuration is in force; this page tells the router that it is still reached…')
	},
	join: {
		begun: _('Proving the code, and looking at this router…'),
		pairing: _('Both routers are told of each other…'),
		trying: _('The new configuration is put in place, and the other router is looked for…')
	}
};
const GO = {
	setup: [ _('Set up this router'), _('It is taken back by itself if this page does not reach the router within 90 s.') ],
	join: [ _('Join'), _('It is taken back by itself if the other router is not reached with it.') ]
};

const MAIN = 'cbi-button-action important';

function card(id, title, says, parts) {
	return E('div', { 'class': 'haven-card', 'data-choice': id }, [ E('h4', {}, [ title ]), E('p', {}, [ says ]), ...parts ]);
}

function button(title, kind, action, run) {
	return E('button', { 'class': 'btn cbi-button ' + kind, 'data-action': action, 'click': run }, [ title ]);
}

function input(label, name, more) {
	return E('p', {}, [ E('label', {}, [ label, E('br'), E('input', Object.assign({ 'class': 'cbi-input-text', type: 'text', 'data-input': name,
		autocomplete: 'off', spellcheck: 'false' }, more)) ]) ]);
}

function spinning(text) {
	return E('p', { 'class': 'spinning' }, [ text ]);
}

return baseclass.extend({
	/* The beginning of a set-up; `byHand` leads to its steps, `ended` is called when this router is one of a pair. */
	create(byHand, ended) {
		const steps = Object.create(this);
		return Object.assign(steps, { byHand: byHand, ended: ended, drawn: '', given: {}, words: 0, stop: null, address: '',
			node: E('div', { 'data-part': 'first-steps', 'aria-live': 'polite' }) });
	},

	/* What is under way goes on; otherwise there is a choice. */
	begin() {
		const choose = () => this.choose();
		return api.job().then((answer) => job.runs(answer) ? this.follow() : choose(), choose).then(() => this.node);
	},

	say(parts) {
		dom.content(this.node, parts);
	},

	choose(note) {
		this.end();
		const may = L.hasViewPermission() ? null : 'disabled';
		const run = (title, action, method, kind) => E('button', { 'class': 'btn cbi-button ' + kind, 'data-action': action, 'disabled': may,
			'click': ui.createHandlerFn(this, method) }, [ title ]);
		this.offers = E('div', { 'data-part': 'offers' });
		this.missing = E('p', { 'class': 'haven-refused', 'data-part': 'missing' });
		this.say([ note || '', E('div', { 'class': 'haven-columns' }, [
			card('first', _('The first router'), _('This router becomes the gateway that two share. Its own address on the LAN becomes the shared one, and it gets another beside it; everything is proposed, and shown before it is done.'), [
				run(_('Set up the first router'), 'first', 'setUp', MAIN) ]),
			card('second', _('The second router'), _('Another router is set up already. Press “Show a code” there, under Set-up, and type the code here.'), [
				this.offers,
				input(_('Code'), 'code', { placeholder: 'XXXX XXXX XXXX' }),
				input(_('Address of the other router'), 'address', { placeholder: _('as it is found on the link'), value: this.address }),
				this.missing,
				E('div', { 'class': 'haven-bar-of-tools' }, [ run(_('Join'), 'join', 'join', MAIN), run(_('Look again'), 'look', 'look', '') ]) ])
		]), E('p', {}, [ _('Without a network between the routers, or for a set-up that is not proposed here:'), ' ',
			button(_('Step by step'), '', 'by-hand', () => { this.end(); this.byHand(); }) ]) ]);
		if (!may)
			this.look();
	},

	/* Which routers offer to be joined on the links of this one. */
	look() {
		dom.content(this.offers, [ spinning(_('Looking for routers that show a code…')) ]);
		return api.offers().then((offers) => dom.content(this.offers, offers.length
			? offers.map((each, index) => this.offer(each, index === 0))
			: [ E('p', {}, [ _('No router shows a code on any link of this one now.') ]) ]),
		(error) => dom.content(this.offers, [ panels.trouble(error) ]));
	},

	offer(each, first) {
		return E('p', {}, [ E('label', {}, [ E('input', { type: 'radio', name: 'haven-offer', value: each.addresses[0],
			checked: first ? 'checked' : null, 'data-offer': each.node }), ' ', _('%s, at %s').format(each.node, each.addresses[0]) ]) ]);
	},

	typed(name) {
		return this.node.querySelector('[data-input="%s"]'.format(name)).value.trim();
	},

	setUp() {
		return this.start('setup');
	},

	join() {
		const found = this.node.querySelector('input[name=haven-offer]:checked');
		this.address = this.typed('address');
		const address = this.address || (found ? found.value : ''), code = this.typed('code');
		const missing = !code ? _('The code is missing.') : !address ? _('No router was found: type the address of the other router.') : null;
		dom.content(this.missing, missing ? [ missing ] : []);
		return missing ? null : this.start('join', address, code);
	},

	start(command, address, code) {
		return api.begin(command, address, code).then(() => this.follow(command),
			(error) => this.choose(panels.trouble(error)));
	},

	follow(kind) {
		this.end();
		Object.assign(this, { drawn: '', given: {}, words: 0, silence: 0, told: null });
		this.say([ spinning(kind ? BUSY[kind].begun : _('Asking the router…')) ]);
		this.stop = job.follow((answer, error) => this.show(answer, error));
	},

	end() {
		if (this.stop)
			this.stop();
		this.stop = null;
	},

	show(answer, error) {
		if (!this.stop)
			return null;
		if (error)
			return this.silent(error);
		this.silence = 0;
		if (!answer.alive && !job.hasEnded(answer))
			return this.refused({ error: _('It ended without a word; the system log may say more.') });
		const told = answer.job || {}, drawn = JSON.stringify(told);
		// What was said before it had heard the last word is old.
		if (!told.kind || drawn === this.drawn || told.words < this.words)
			return null;
		this.drawn = drawn;
		this.told = told;
		return this.draw(told);
	},

	draw(told) {
		if (told.state === 'asks')
			return this.ask(told);
		if (told.state === 'done')
			return this.done(told);
		if (told.state === 'left')
			return this.choose();
		if (told.state === 'refused')
			return this.refused(told.refusal);
		this.say([ spinning(BUSY[told.kind][told.state]), this.whereabouts(told) ]);
		// That this word arrives is what it says: the router is still reached.
		return told.state === 'waiting' ? this.tell('confirm') : null;
	},

	/* A router that joins gives its address to the pair; whoever sits at it is told where it is then. */
	whereabouts(told) {
		return told.kind === 'join' && told.own_address ? E('p', { 'data-part': 'whereabouts' }, [
			_('From now on this router itself is at'), ' ', E('a', { href: '%s//%s/'.format(window.location.protocol, told.own_address) }, [ told.own_address ]), '. ',
			_('If this page stands still, go on there.') ]) : '';
	},

	/* The network may stand still while addresses change. */
	silent(error) {
		this.silence++;
		if (this.told && this.told.state !== 'asks' && this.silence < 5)
			return;
		const drawn = error.kind + error.detail;
		// A link that is drawn anew under the finger is not followed.
		if (drawn !== this.drawn)
			this.say([ panels.trouble(error), this.told ? this.whereabouts(this.told) : '' ]);
		this.drawn = drawn;
	},

	tell(command, answers) {
		this.words = (this.told.words || 0) + 1;
		return api.tell(command, answers).catch((error) => {
			this.words = 0;
			this.say([ panels.trouble(error) ]);
			this.drawn = '';
		});
	},

	ask(told) {
		const shown = told.proposal, go = GO[told.kind];
		const answer = (name, value) => {
			this.given[name] = value;
			this.node.classList.add('haven-waits');
			return this.tell('answers', this.given);
		};
		this.node.classList.remove('haven-waits');
		this.say([
			E('h4', {}, [ told.kind === 'setup' ? _('The first router') : _('The second router') ]),
			E('p', {}, [ _('Everything is proposed, with the reason for it; change what is to be otherwise.') ]),
			proposal.questions(shown, told.refusal, this.given, answer),
			...shown ? [ E('h4', {}, [ _('What will be changed') ]), proposal.changes(shown), this.whereabouts(told) ] : [],
			E('p', {}, [ go[1] ]),
			E('div', { 'class': 'haven-bar-of-tools' }, [
				button(_('Cancel'), '', 'leave', () => this.leave()),
				shown && !told.refusal ? button(go[0], 'cbi-button-apply important', 'go', () => this.go()) : ''
			])
		]);
	},

	go() {
		this.say([ spinning(BUSY[this.told.kind].trying), this.whereabouts(this.told) ]);
		return this.tell('go');
	},

	leave() {
		this.say([ spinning(_('Cancel')) ]);
		return this.tell('leave');
	},

	refused(refusal) {
		this.end();
		return this.choose(E('div', { 'class': 'alert-message warning', 'data-refused': refusal.code || '' }, [
			E('strong', {}, [ _('This was not done.') ]), ' ', message.refusal(refusal) ]));
	},

	done(told) {
		this.end();
		return this.ended(told);
	}
});
