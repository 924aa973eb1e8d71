// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require ui';
'require uci';

const Value = baseclass.extend({
	__init__(map, section, name, title, description) {
		Object.assign(this, { map, section, option: name, title, description, deps: [], keys: [], choices: {} });
	},

	value(key, words) {
		this.keys.push(String(key));
		this.choices[key] = words === undefined ? String(key) : words;
	},

	depends(field, value) {
		this.deps.push(typeof field === 'string' ? { [field]: value } : field);
	},

	cbid(id) {
		return 'cbid.%s.%s.%s'.format(this.map.config, id, this.option);
	},

	frame(id) {
		return this.map.root.querySelector('[data-field="%s"]'.format(this.cbid(id)));
	},

	getUIElement(id) {
		const node = this.map.root.querySelector('[id="%s"]'.format(this.cbid(id)));
		return node && dom.findClassInstance(node);
	},

	formvalue(id) {
		const element = this.getUIElement(id);
		return element ? element.getValue() : null;
	},

	cfgvalue(id) {
		return this.map.data.get(this.map.config, id, this.option);
	},

	isActive(id) {
		const frame = this.frame(id);
		return !!frame && !frame.classList.contains('hidden');
	},

	settings(id) {
		return { id: this.cbid(id), optional: this.optional || this.rmempty !== false, datatype: this.datatype, password: this.password,
			placeholder: this.placeholder, choices: this.choices, sort: this.keys };
	},

	widget(value, settings) {
		return this.keys.length ? new ui.Combobox(value, settings) : new ui.Textfield(value, settings);
	},

	render(id) {
		const saved = this.cfgvalue(id);
		const frame = E('div', { 'class': 'cbi-value', id: 'cbi-%s-%s-%s'.format(this.map.config, id, this.option),
			'data-field': this.cbid(id), 'data-name': this.option });
		const field = E('div', { 'class': 'cbi-value-field' }, [ this.widget(saved === null ? this.default : saved, this.settings(id)).render() ]);
		// As in LuCI, titles and descriptions are HTML.
		if (this.description)
			field.appendChild(E('div', { 'class': 'cbi-value-description' }, this.description));
		dom.append(frame, [ E('label', { 'class': 'cbi-value-title', 'for': 'widget.' + this.cbid(id) }, this.title), field ]);
		frame.addEventListener('widget-change', () => this.map.checkDepends());
		return frame;
	},

	follow(id) {
		const frame = this.frame(id), hidden = this.deps.length > 0 && !this.deps.some((need) => this.map.isGiven(need, id));
		// A section that has just been added is not drawn yet.
		if (!frame)
			return false;
		const changed = frame.classList.contains('hidden') !== hidden;
		frame.classList.toggle('hidden', hidden);
		return changed;
	},

	parse(id) {
		if (!this.isActive(id))
			return this.map.data.unset(this.map.config, id, this.option);
		const element = this.getUIElement(id);
		if (!element.isValid())
			throw new TypeError(_('Option "%s" contains an invalid input value.').format(this.title) + ' ' + element.getValidationError());
		return this.store(id, element.getValue());
	},

	store(id, value) {
		if (value === null || value === '' || Array.isArray(value) && !value.length)
			this.map.data.unset(this.map.config, id, this.option);
		else if (JSON.stringify(value) !== JSON.stringify(this.cfgvalue(id)))
			this.map.data.set(this.map.config, id, this.option, value);
	}
});

const Flag = Value.extend({
	widget(value, settings) {
		return new ui.Checkbox(value, settings);
	},

	// What is the default need not be written.
	store(id, value) {
		this.super('store', [ id, value === (this.default || '0') && this.rmempty !== false ? null : value ]);
	}
});

const ListValue = Value.extend({
	widget(value, settings) {
		return this.widgetKind === 'radio' ? new ui.Radio(value, settings) : new ui.Select(value, settings);
	},

	// Pages say `option.widget = 'radio'`; that must not hide the function above.
	__init__(...values) {
		this.super('__init__', values);
		const draw = this.widget;
		Object.defineProperty(this, 'widget', { get: () => draw, set: (kind) => { this.widgetKind = kind; } });
	}
});

const DynamicList = Value.extend({
	widget(value, settings) {
		return new ui.DynamicList(value, settings);
	}
});

/* What a table shows: no field. */
const DummyValue = Value.extend({
	render(id) {
		return E('td', { 'class': 'td cbi-value-field', 'data-name': this.option, 'data-title': this.title }, this.textvalue(id));
	},

	follow() {
		return false;
	},

	parse() {}
});

const Section = baseclass.extend({
	__init__(map, type, title, description) {
		Object.assign(this, { map, sectiontype: type, title, description, children: [] });
	},

	tab(name, title) {
		this.tabs = [ ...(this.tabs || []), { name, title } ];
	},

	taboption(name, ...more) {
		if (!this.tabs || !this.tabs.some((each) => each.name === name))
			L.raise('ReferenceError', 'Associated tab not declared');
		return Object.assign(this.option(...more), { tab: name });
	},

	option(kind, ...more) {
		const made = new kind(this.map, this, ...more);
		this.children.push(made);
		return made;
	},

	// As in LuCI, the menu stands before the panes.
	node(id) {
		const node = (kind, children) => E('div', { id: 'cbi-%s-%s'.format(this.map.config, id), 'class': 'cbi-section-node' + kind,
			'data-section-id': id }, children);
		if (!this.tabs)
			return node('', this.children.map((option) => option.render(id)));
		const panes = this.tabs.map(({ name, title }, at) => E('div', { 'data-tab': name, 'data-tab-title': title, 'data-tab-active': at === 0 },
			this.children.filter((option) => option.tab === name).map((option) => option.render(id))));
		return E([ ui.tabs.menu(panes), node(' cbi-section-node-tabbed', panes) ]);
	},

	heads() {
		return [ this.title ? E('h3', {}, this.title) : null, this.description ? E('div', { 'class': 'cbi-section-descr' }, this.description) : null ];
	},

	each(act) {
		return this.cfgsections().map((id) => this.children.map((option) => act(option, id))).flat();
	}
});

const NamedSection = Section.extend({
	__init__(map, name, type, ...more) {
		this.super('__init__', [ map, type, ...more ]);
		this.section = name;
	},

	cfgsections() {
		return [ this.section ];
	},

	render() {
		return E('div', { 'class': 'cbi-section' }, [ ...this.heads(), this.node(this.section) ]);
	}
});

const TypedSection = Section.extend({
	cfgsections() {
		return this.map.data.sections(this.map.config, this.sectiontype).map((section) => section['.name']);
	},

	render() {
		return this.frame('cbi-section', this.cfgsections().flatMap((id) => [ this.addremove ? this.remover(id) : null,
			this.anonymous ? null : E('h3', {}, [ id.toUpperCase() ]), this.node(id) ]));
	},

	frame(kind, children) {
		return E('div', { id: 'cbi-%s-%s'.format(this.map.config, this.sectiontype), 'class': kind }, [ ...this.heads(), ...children,
			this.renderSectionAdd() ]);
	},

	handleAdd(ev, name) {
		this.map.data.add(this.map.config, this.sectiontype, name);
		return this.map.save(null);
	},

	handleRemove(id) {
		this.map.data.remove(this.map.config, id);
		return this.map.save(null);
	},

	remover(id) {
		return this.button(_('Delete'), 'remove', () => this.handleRemove(id), { 'data-section-id': id });
	},

	renderSectionAdd() {
		if (!this.addremove)
			return E([]);
		const name = this.anonymous ? null : E('input', { type: 'text', 'class': 'cbi-section-create-name' });
		return E('div', { 'class': 'cbi-section-create' }, [ name,
			this.button(_('Add'), 'add', (ev) => this.handleAdd(ev, name && name.value)) ]);
	},

	button(title, kind, act, more) {
		return E('button', { 'class': 'cbi-button cbi-button-' + kind, ...more, 'click': ui.createHandlerFn(this, act) }, [ title ]);
	}
});

/* A row for each section, and its options in a dialog with a form of its own. */
const GridSection = TypedSection.extend({
	render() {
		const head = E('tr', { 'class': 'tr cbi-section-table-titles' }, [ ...this.children.map((option) => E('th', { 'class': 'th' }, option.title)),
			E('th', { 'class': 'th cbi-section-actions' }) ]);
		const rows = this.cfgsections().map((id) => E('tr', { id: 'cbi-%s-%s'.format(this.map.config, id), 'class': 'tr cbi-section-table-row',
			'data-title': this.anonymous ? null : id, 'data-section-id': id },
		[ ...this.children.map((option) => option.render(id)), this.renderRowActions(id) ]));
		return this.frame('cbi-section cbi-tblsection', [ E('table', { 'class': 'table cbi-section-table' }, [ head, ...rows ]) ]);
	},

	renderRowActions(id) {
		return E('td', { 'class': 'td cbi-section-actions' }, [ this.button(_('Edit'), 'edit', () => this.renderMoreOptionsModal(id)),
			this.button(_('Delete'), 'remove', () => this.handleRemove(id)) ]);
	},

	handleAdd(ev, name) {
		this.added = this.map.data.add(this.map.config, this.sectiontype, name);
		return this.renderMoreOptionsModal(this.added);
	},

	renderMoreOptionsModal(id) {
		const dialog = new Map(this.map.config);
		const section = dialog.section(NamedSection, id, this.sectiontype);
		Object.assign(dialog, { parent: this.map, section: id });
		this.addModalOptions(section, id);
		return dialog.render().then((nodes) => ui.showModal(this.modaltitle(id), [ nodes, E('div', { 'class': 'button-row' }, [
			this.button(_('Dismiss'), 'neutral', (ev) => this.handleModalCancel(dialog, ev)),
			this.button(_('Save'), 'positive', (ev) => this.handleModalSave(dialog, ev)) ]) ]));
	},

	handleModalCancel(dialog, ev, saving) {
		if (this.added && !saving)
			this.map.data.remove(this.map.config, this.added);
		delete this.added;
		ui.hideModal();
	}
});

const Map = baseclass.extend({
	__init__(config) {
		Object.assign(this, { config, data: uci, children: [] });
	},

	section(kind, ...more) {
		const made = new kind(this, ...more);
		this.children.push(made);
		return made;
	},

	load() {
		return this.data.load(this.config);
	},

	render() {
		return this.load().then(() => this.draw());
	},

	reset() {
		return Promise.resolve(this.draw());
	},

	draw() {
		this.root = this.root || E('div', { id: 'cbi-' + this.config, 'class': 'cbi-map' });
		dom.bindClassInstance(this.root, this);
		dom.content(this.root, this.children.map((section) => section.render()));
		this.checkDepends();
		return this.root;
	},

	isGiven(need, id) {
		return Object.entries(need).every(([ place, wanted ]) => {
			const [ name, of ] = place.split('.').reverse();
			const option = this.children.flatMap((section) => section.children).find((each) => each.option === name && each.frame(of || id));
			const value = option && option.isActive(of || id) ? option.formvalue(of || id) : null;
			return value !== null && (wanted instanceof RegExp ? wanted.test(value) : value === wanted);
		});
	},

	checkDepends() {
		while (this.children.flatMap((section) => section.each((option, id) => option.follow(id))).some(Boolean));
	},

	async parse() {
		this.children.forEach((section) => section.each((option, id) => option.parse(id)));
	},

	// What is refused is told by the page itself: each of them calls this with `silent`.
	async save(accept) {
		this.checkDepends();
		await this.parse();
		if (accept)
			await accept();
		await this.data.save();
		await this.load();
		return this.draw();
	}
});

/* What is not saved anywhere: a plain object of sections. */
const Plain = baseclass.extend({
	__init__(values) {
		this.values = values;
	},

	load() {
		return Promise.resolve(this.values);
	},

	get(config, id, option) {
		const value = this.values[id][option];
		return value === undefined || value === null ? null : Array.isArray(value) ? value : String(value);
	}
});

const JSONMap = Map.extend({
	__init__(values) {
		this.super('__init__', [ 'json' ]);
		this.data = new Plain(values);
	}
});

return baseclass.extend({ Map, JSONMap, TypedSection, GridSection, NamedSection, Value, DummyValue, Flag, ListValue, DynamicList });
