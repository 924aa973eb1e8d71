// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require form';
'require uci';
'require haven.fields as fields';
'require haven.reveal as reveal';

const COLUMNS = 6;

/* What a row tells: what has to be said, and of the basic options those that some section has. */
function columns(described) {
	const sections = uci.sections('haven', described.type);
	return described.options.filter((option) => option.group === 'basic' && option.kind !== 'secret'
		&& (option.required || sections.some((each) => each[option.name] != null))).slice(0, COLUMNS);
}

function shown(option, value) {
	if (value == null)
		return option.default == null ? '-' : option.default;
	return Array.isArray(value) ? value.join(' ') : value;
}

function column(drawn, option) {
	const field = drawn.option(form.DummyValue, option.name, fields.title(option));
	field.modalonly = false;
	field.textvalue = (id) => '%h'.format(shown(option, uci.get('haven', id, option.name)));
}

function restore(id, before) {
	for (const name of Object.keys({ ...uci.get('haven', id), ...before }))
		if (name[0] !== '.')
			uci.set('haven', id, name, name in before ? before[name] : null);
}

function modal() {
	return document.querySelector('#modal_overlay > .modal');
}

/* Of such a section there is one: it can be added while there is none, and one too many can be deleted. */
const Single = form.TypedSection.extend({
	render() {
		this.addremove = this.cfgsections().length !== 1;
		return this.super('render', []);
	}
});

/* A row for each section, and a dialog with its options. `page` checks and saves. */
const Table = form.GridSection.extend({
	addModalOptions(dialog) {
		fields.fill(dialog, this.described);
	},

	renderMoreOptionsModal(id, ...more) {
		this.before = { ...uci.get('haven', id) };
		return Promise.resolve(this.super('renderMoreOptionsModal', [ id, ...more ])).then(() => {
			const name = modal().querySelector('h4');
			for (const [ key, value ] of Object.entries({ role: 'dialog', 'aria-modal': 'true', 'aria-label': name.textContent }))
				modal().setAttribute(key, value);
			const first = reveal.name(modal()).querySelector('.cbi-value:not(.hidden)');
			if (first)
				reveal.field(first);
		});
	},

	handleModalSave(dialog, ev) {
		return this.page.keepDialog(dialog).then((kept) => kept ? this.redraw().then(() => this.handleModalCancel(dialog, ev, true)) : null);
	},

	// The rest of the page keeps what stands typed there.
	redraw() {
		const old = this.map.root.querySelector('.cbi-section[id="cbi-haven-%s"]'.format(this.described.type));
		return Promise.resolve(this.render()).then((drawn) => old.replaceWith(drawn));
	},

	handleModalCancel(dialog, ev, kept) {
		const id = dialog.section;
		if (!kept)
			restore(id, this.before);
		[ 'role', 'aria-modal', 'aria-label' ].forEach((name) => modal().removeAttribute(name));
		return Promise.resolve(this.super('handleModalCancel', [ dialog, ev, kept ])).then(() => this.focus(id));
	},

	focus(id) {
		const button = this.map.root.querySelector('tr[data-section-id="%s"] .cbi-button-edit'.format(CSS.escape(id)));
		if (button)
			button.focus();
	},

	renderSectionAdd(...given) {
		const node = this.super('renderSectionAdd', given);
		const name = node.querySelector('input');
		if (name) {
			name.setAttribute('aria-label', _('Name of the new section'));
			name.setAttribute('placeholder', _('Name', 'haven'));
		}
		return node;
	},

	// Twenty buttons that are called “Edit” say nothing to who does not see the row.
	renderRowActions(id) {
		const node = this.super('renderRowActions', [ id ]);
		for (const button of this.anonymous ? [] : node.querySelectorAll('button'))
			button.setAttribute('aria-label', '%s: %s'.format(button.textContent, id));
		return node;
	}
});

function make(map, kind, described) {
	const said = '<code>config %h</code> %h'.format(described.type, _(described.help));
	const drawn = map.section(kind, described.type, _(described.title), said);
	drawn.anonymous = !described.named;
	return drawn;
}

function table(map, described, page) {
	const drawn = Object.assign(make(map, Table, described), { addremove: true, nodescriptions: true, described: described, page: page });
	drawn.modaltitle = (id) => described.named ? '%h: %h'.format(_(described.title), id) : '%h'.format(_(described.title));
	columns(described).forEach((option) => column(drawn, option));
}

return baseclass.extend({
	/* A form.Map for every option of the schema: what there is once as fields, all else as tables. */
	build(schema, page) {
		const map = new form.Map('haven');
		for (const each of schema.sections)
			if (each.single)
				fields.fill(make(map, Single, each), each);
			else
				table(map, each, page);
		return map;
	},

	/* Show the field of an option, in its dialog where it has one. */
	show(map, type, id, name) {
		const drawn = map.children.find((each) => each.described && each.described.type === type);
		return Promise.resolve(drawn ? drawn.renderMoreOptionsModal(id) : null).then(() => {
			const frame = document.getElementById('cbi-haven-%s-%s'.format(id, name));
			if (frame)
				reveal.field(frame);
		});
	}
});
