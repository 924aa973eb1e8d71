// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require uci';
'require haven.api as api';
'require haven.check as check';
'require haven.fields as fields';
'require haven.live as live';
'require haven.panels as panels';
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
		this.map = fields.build(known.schema);
		return this.map.render();
	},

	accepted() {
		return check.validate().then((problems) => {
			if (problems.length)
				throw refused(problems);
		});
	},

	/* Whether everything was saved; what was refused has been shown. */
	handleSave() {
		if (!this.map)
			return Promise.resolve(false);
		check.clear(this.map.root);
		dom.content(this.trouble, []);
		return check.mayOverwrite(this.seen).then((may) => may ? this.save() : Promise.reject(refused([])))
			.then(() => true, (error) => this.explain(error));
	},

	save() {
		return this.map.save(() => this.accepted(), true).then(() => check.fingerprint())
			.then((seen) => { this.seen = seen; });
	},

	explain(error) {
		if (error.problems)
			this.refuse(error.problems);
		else
			this.say(error);
		return false;
	},

	say(error) {
		dom.content(this.trouble, [ error instanceof TypeError ? this.unreadable(error) : panels.trouble(api.classify(error)) ]);
	},

	/* LuCI's form has marked the field where it could not read a value (form.js throws a TypeError), which may be far away. */
	unreadable(error) {
		const field = this.map.root.querySelector('.cbi-input-invalid');
		if (field)
			field.scrollIntoView({ block: 'center' });
		return E('div', { 'class': 'alert-message warning', 'data-trouble': 'unreadable' }, [
			_('Nothing was saved: a value cannot be read. It is marked below.'), E('p', {}, [ error.message ]) ]);
	},

	refuse(problems) {
		const others = check.show(this.map.root, problems);
		dom.content(this.trouble, [ problems.length
			? E('div', { 'class': 'alert-message warning' }, [ _('Nothing was saved: the router refuses what is marked below.') ])
			: E('div', { 'class': 'alert-message' }, [ _('Nothing was saved.') ]), steps.problems(others) ]);
	},

	// LuCI shows its own waiting box; a refusal has been shown at its field already.
	handleSaveApply(ev, mode) {
		return this.handleSave(ev).then((saved) => saved ? ui.changes.apply(mode === '0') : null);
	},

	handleReset() {
		check.clear(this.map.root);
		return this.map.reset();
	}
});
