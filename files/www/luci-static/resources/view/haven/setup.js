// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require uci';
'require haven.api as api';
'require haven.check as check';
'require haven.first_steps as firstSteps';
'require haven.live as live';
'require haven.pairing as pairing';
'require haven.panels as panels';
'require haven.setup as setup';
'require haven.setup_draft as draft';
'require haven.setup_facts as facts';
'require haven.setup_form as form';
'require haven.setup_review as review';
'require haven.setup_rules as rules';
'require haven.setup_sections as sections';
'require haven.uci_text as text';

const REVIEW = { id: 'review', title: _('Check and save'), fields: [] };
const STEPS = [ ...form.steps, REVIEW ];

function stepOf(field) {
	return STEPS.findIndex((step) => step.fields.includes(field));
}

/* What the configuration says already; nothing for a router that was never set up. */
function known(written) {
	const { lan, wan } = sections.interfaces(written);
	const told = sections.answers(written, lan, wan);
	return Object.assign(lan ? { lan: lan, wan: wan || '', wan_address: '', sync: '' } : {}, told);
}

function stage(change) {
	const place = [ change.config, change.section ];
	if (change.kind === 'add')
		uci.add(change.config, change.type, change.section);
	else if (change.kind === 'remove')
		uci.remove(...place);
	else if (change.kind === 'unset')
		uci.unset(...place, change.option);
	else
		uci.set(...place, change.option, change.value);
}

return view.extend({
	load() {
		return live.settle(facts.load().then((known) => check.fingerprint().then((seen) => ({ facts: known, seen: seen }))));
	},

	render(answer) {
		this.trouble = E('div', { 'aria-live': 'polite', 'data-part': 'trouble' });
		this.body = E('div', {});
		const body = answer.error ? Promise.resolve([ panels.trouble(api.classify(answer.error)) ]) : this.parts(answer.value);
		return body.then((parts) => {
			dom.content(this.body, parts);
			return panels.page(_('Set-up'), _('From nothing to a gateway of two routers. Nothing is changed before you have seen it.'), [ this.trouble, this.body ]);
		});
	},

	/* A router that is none of a pair yet has a choice first; what was typed in the steps goes on there. */
	parts(found) {
		if (found.facts.sections.some((each) => each['.type'] === 'virtual_router'))
			return this.begin(found).then((parts) => [ pairing.create(), ...parts ]);
		if (draft.load())
			return this.begin(found);
		const byHand = () => this.begin(found).then((parts) => dom.content(this.body, parts));
		return firstSteps.create(byHand, (told) => this.ended(told)).begin().then((node) => [ node ]);
	},

	/* After a setup another router can join; after a joining this one is the other. */
	ended(told) {
		const says = told.node ? _('This router has joined %s.').format(told.node) : _('This router is the first one of a pair.');
		dom.content(this.body, [
			E('div', { 'class': 'alert-message success', 'data-part': 'done' }, [ says, ' ',
				E('a', { href: L.url('admin/services/haven/overview') }, [ _('See the overview') ]) ]),
			pairing.create()
		]);
	},

	begin({ facts: found, seen }) {
		const kept = this.draft(seen);
		Object.assign(this, { facts: found, seen: seen, told: [], judged: {}, touched: {}, carried: kept.carried || [] });
		this.given = Object.assign(known(found.sections), kept.given);
		this.answers = setup.propose(this.given, found);
		this.map = form.build(found, this.answers);
		return this.map.render().then((drawn) => this.frame(drawn, kept));
	},

	/* What was saved here and has been changed elsewhere since counts no more. */
	draft(seen) {
		const kept = draft.load() || {};
		return kept.saved && kept.seen !== seen ? {} : kept;
	},

	frame(drawn, kept) {
		this.path = E('ol', { 'class': 'haven-path' }, STEPS.map((step, index) => E('li', {}, [
			E('button', { 'class': 'btn cbi-button', 'data-step': step.id, 'click': () => this.go(index) }, [ '%d. %s'.format(index + 1, step.title) ]) ])));
		this.review = E('div', { 'class': 'cbi-section', 'data-part': 'review' });
		this.paste = this.pasting();
		this.tools = E('div', { 'class': 'cbi-page-actions' });
		drawn.addEventListener('widget-change', () => this.changed());
		this.show(Math.min(kept.step || 0, STEPS.length - 1));
		this.listen();
		const back = kept.given && !kept.saved ? this.welcomeBack() : '';
		return [ back, this.path, this.paste, drawn, this.review, this.tools ];
	},

	welcomeBack() {
		return E('div', { 'class': 'alert-message', 'data-part': 'draft' }, [
			_('What you typed before is here again; it has not been saved.'), ' ',
			E('button', { 'class': 'btn cbi-button', 'click': () => { draft.forget(); window.location.reload(); } }, [ _('Start over') ]) ]);
	},

	/* The text that the Set-up of the other router has shown. */
	pasting() {
		const area = E('textarea', { 'class': 'cbi-input-textarea haven-peer-text', rows: 6, spellcheck: 'false', 'aria-label': _('Text of the other router') });
		return E('details', { 'class': 'haven-card', 'data-part': 'paste' }, [
			E('summary', {}, [ _('The other router is set up already: use its text') ]),
			E('p', {}, [ _('The last step of its Set-up shows a text for this router. Paste it here; you can check every answer before it is saved.') ]),
			area, E('div', { 'class': 'haven-bar-of-tools' }, [ E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-action': 'paste',
				'click': () => this.take(text.parse(area.value)) }, [ _('Use this text') ]) ])
		]);
	},

	take(pasted) {
		const found = known(pasted);
		if (!found.lan_address)
			return this.say(E('div', { 'class': 'alert-message warning' }, [ _('This is not the text that Set-up shows for the other router. Nothing was changed.') ]));
		this.carried = pasted;
		this.given = found;
		this.propose();
		for (const name in this.given)
			form.write(this.map, name, this.given[name]);
		this.say('');
		this.remember(STEPS.length - 1);
		return this.go(STEPS.length - 1);
	},

	say(node) {
		dom.content(this.trouble, node ? [ node ] : []);
	},

	propose() {
		this.answers = setup.propose(this.given, this.facts);
		for (const name in this.map.questions)
			if (this.given[name] == null)
				form.write(this.map, name, this.answers[name]);
		this.map.checkDepends();
		this.explain();
	},

	/* What differs from the proposals was typed by the user, and stays. */
	changed() {
		const read = form.read(this.map);
		for (const name in read) {
			if (String(read[name]) !== String(this.answers[name])) {
				this.given[name] = read[name];
				this.touched[name] = true;
			}
		}
		this.told = [];
		this.propose();
		this.remember(this.step);
		this.listen();
	},

	/* Others may use a VRID; it takes three seconds to hear them, and nobody waits for that. */
	listen() {
		facts.hear(this.facts, [ this.answers.lan, this.answers.wan ]).then((news) => news ? this.propose() : null);
	},

	remember(step) {
		draft.keep({ given: this.given, carried: this.carried, step: step, saved: false });
	},

	refused() {
		return [ ...rules.refused(this.answers, this.facts), ...this.told.filter((each) => each.field) ];
	},

	/* Under each field: what is wrong with it, once the user has been there, and what one should know. */
	explain() {
		const refused = this.refused(), noted = rules.noted(this.answers, this.facts);
		for (const name in this.map.questions) {
			const place = form.place(this.map, name);
			const shown = this.touched[name] || this.judged[stepOf(name)];
			dom.content(place, [
				...refused.filter((each) => shown && each.field === name).map((each) => E('div', { 'class': 'haven-refused', 'data-refused': name }, [ each.message ])),
				...noted.filter((each) => each.field === name).map((each) => E('div', { 'class': 'haven-noted', 'data-noted': name }, [ each.message ]))
			]);
		}
	},

	show(index) {
		this.step = index;
		STEPS.forEach((step, each) => {
			const drawn = step === REVIEW ? this.review : this.map.root.querySelector('#cbi-json-' + step.id).closest('.cbi-section');
			drawn.style.display = each === index ? '' : 'none';
			this.path.querySelector('[data-step="%s"]'.format(step.id)).classList.toggle('cbi-button-action', each === index);
		});
		this.paste.style.display = index === 0 ? '' : 'none';
		this.offer(false);
		this.explain();
		return STEPS[index] === REVIEW ? this.check() : null;
	},

	/* Leave this step for another; it is judged now. */
	go(index) {
		this.judged[this.step] = true;
		const wrong = this.refused().filter((each) => stepOf(each.field) === this.step);
		this.remember(index);
		if (index > this.step && wrong.length && this.step !== STEPS.length - 1) {
			this.explain();
			return form.place(this.map, wrong[0].field).scrollIntoView({ block: 'center' });
		}
		window.scrollTo(0, 0);
		return this.show(index);
	},

	goTo(field) {
		this.judged[stepOf(field)] = true;
		this.show(stepOf(field));
		form.place(this.map, field).scrollIntoView({ block: 'center' });
	},

	titleOf(field) {
		return this.map.questions[field].option.title;
	},

	button(title, kind, action, run, possible) {
		return E('button', { 'class': 'btn cbi-button ' + kind, 'data-action': action, 'disabled': possible ? null : 'disabled',
			'click': ui.createHandlerFn(this, run) }, [ title ]);
	},

	/* The buttons of this step; saving only when the router has agreed. */
	offer(agreed) {
		const last = STEPS[this.step] === REVIEW, may = agreed && L.hasViewPermission();
		dom.content(this.tools, [
			this.button(_('Back'), '', 'back', () => this.show(this.step - 1), this.step > 0), ' ',
			...(last ? [
				this.button(_('Save'), 'cbi-button-save', 'save', () => this.save(), may), ' ',
				this.button(_('Save & Apply'), 'cbi-button-apply important', 'apply', () => this.saveAndApply(), may)
			] : [ this.button(_('Next'), 'cbi-button-action important', 'next', () => this.go(this.step + 1), true) ])
		]);
	},

	/* The last step: what is wrong, or what will be changed and what the router says of it. */
	check() {
		const wrong = [ ...rules.refused(this.answers, this.facts),
			...sections.refusals(this.facts.sections, this.answers).map((message) => ({ message: message })) ];
		this.asked = {};
		if (wrong.length)
			return dom.content(this.review, [ review.wrong(wrong, (field) => this.titleOf(field), (field) => this.goTo(field)) ]);
		const answers = setup.complete(this.answers, this.facts);
		this.changes = sections.changes(this.facts.sections, answers, this.carried);
		const after = sections.after(this.facts.sections, this.changes);
		dom.content(this.review, [ E('p', { 'class': 'spinning' }, [ _('The router checks the answers…') ]) ]);
		return this.ask(after, answers, this.asked);
	},

	ask(after, answers, asked) {
		return live.settle(api.plan(sections.file(after))).then((answer) => {
			// The user may have gone on meanwhile.
			if (asked !== this.asked)
				return null;
			if (answer.error)
				return dom.content(this.review, [ panels.trouble(answer.error),
					this.button(_('Try again'), 'cbi-button-action', 'again', () => this.check(), true) ]);
			return answer.value.problems ? this.refuse(answer.value.problems, after, answers) : this.agree(answer.value, after, answers);
		});
	},

	refuse(problems, after, answers) {
		this.told = review.placed(problems, after, answers);
		this.explain();
		dom.content(this.review, [ review.wrong(this.told, (field) => this.titleOf(field), (field) => this.goTo(field)), review.changes(this.changes) ]);
	},

	agree(plan, after, answers) {
		const forPeer = sections.forPeer(after, answers);
		this.offer(this.changes.length > 0);
		dom.content(this.review, [
			review.summary(answers), review.changes(this.changes), review.untouched(sections.untouched(this.facts.sections, answers)),
			review.plan(plan), review.peer(review.peerText(forPeer, answers), answers)
		]);
	},

	/* Whether the changes are staged; LuCI shows them as unsaved until they are applied. */
	save() {
		return check.mayOverwrite(this.seen).then((may) => may ? this.stage() : false)
			.catch((error) => {
				this.say(panels.trouble(api.classify(error)));
				return false;
			});
	},

	stage() {
		this.changes.forEach(stage);
		return uci.save().then(() => check.fingerprint()).then((seen) => {
			this.seen = seen;
			this.facts.sections = facts.sections();
			draft.keep({ given: this.given, carried: this.carried, step: STEPS.length - 1, saved: true, seen: seen });
			this.check();
			return true;
		});
	},

	saveAndApply() {
		return this.save().then((saved) => saved ? ui.changes.apply(true) : null);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
