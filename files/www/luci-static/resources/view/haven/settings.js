// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require uci';
'require haven.api as api';
'require haven.check as check';
'require haven.live as live';
'require haven.panels as panels';
'require haven.reveal as reveal';
'require haven.search as search';
'require haven.sections as sections';
'require haven.steps as steps';

function refused(problems) {
	return Object.assign(new Error('refused'), { problems: problems });
}

return view.extend({
	load() {
		return live.settle(Promise.all([ api.schema(), uci.load('haven'), L.resolveDefault(uci.load('network')) ])
			.then(([ schema ]) => check.fingerprint().then((seen) => ({ schema: schema, seen: seen }))));
	},

	render(answer) {
		this.trouble = E('div', { 'aria-live': 'polite' });
		const body = answer.error ? panels.trouble(api.classify(answer.error)) : this.draw(answer.value);
		return Promise.resolve(body).then((form) => panels.page(_('Settings'),
			_('Every option of haven. The router checks them all before anything is saved.'), [ this.trouble, form ]));
	},

	draw(known) {
		this.seen = known.seen;
		this.map = sections.build(known.schema, this);
		const open = (type, id, option) => sections.show(this.map, type, id, option);
		return this.map.render().then((form) => E('div', {}, [ search.draw(known.schema, open), reveal.name(form) ]));
	},

	accepted() {
		return check.validate().then((problems) => {
			if (problems.length)
				throw refused(problems);
		});
	},

	/* Whether everything was saved; what was refused has been shown. */
	handleSave() {
		return this.map ? this.keep(this.map, this.trouble) : Promise.resolve(false);
	},

	/* The same for the dialog of a section. */
	keepDialog(dialog) {
		const trouble = dialog.root.querySelector('.haven-trouble') || E('div', { 'class': 'haven-trouble', 'aria-live': 'polite' });
		dialog.root.prepend(trouble);
		return this.keep(dialog, trouble, trouble);
	},

	keep(map, trouble, place) {
		check.clear(map.root);
		dom.content(trouble, []);
		return check.mayOverwrite(this.seen, place).then((may) => may ? this.save(map) : Promise.reject(refused([])))
			.then(() => true, (error) => this.explain(map, trouble, error));
	},

	save(map) {
		return map.save(() => this.accepted(), true).then(() => reveal.name(map.root)).then(() => check.fingerprint())
			.then((seen) => { this.seen = seen; });
	},

	/* Say why nothing was saved, where it was typed. */
	explain(map, trouble, error) {
		if (error.problems)
			this.refuse(map, trouble, error.problems);
		else
			dom.content(trouble, [ error instanceof TypeError ? this.unreadable(map, error) : panels.trouble(api.classify(error)) ]);
		return false;
	},

	/* LuCI's form has marked the field where it could not read a value (form.js throws a TypeError), which may be far away. */
	unreadable(map, error) {
		const field = map.root.querySelector('.cbi-input-invalid');
		if (field)
			reveal.show(field);
		return E('div', { 'class': 'alert-message warning', 'data-trouble': 'unreadable' }, [
			_('Nothing was saved: a value cannot be read. It is marked below.'), E('p', {}, [ error.message ]) ]);
	},

	refuse(map, trouble, problems) {
		const others = check.show(map.root, problems);
		dom.content(trouble, [ problems.length
			? E('div', { 'class': 'alert-message warning' }, [ _('Nothing was saved: the router refuses what is marked below.') ])
			: E('div', { 'class': 'alert-message' }, [ _('Nothing was saved.') ]), steps.problems(others) ]);
	},

	// LuCI shows its own waiting box; a refusal has been shown at its field already.
	handleSaveApply(ev, mode) {
		return this.handleSave(ev).then((saved) => saved ? ui.changes.apply(mode === '0') : null);
	},

	handleReset() {
		check.clear(this.map.root);
		return this.map.reset().then(() => reveal.name(this.map.root));
	}
});
