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

const Section = baseclass.extend({
	__init__(map, type, title, description) {
		Object.assign(this, { map, type, title, description, children: [] });
	},

	option(kind, ...more) {
		const made = new kind(this.map, this, ...more);
		this.children.push(made);
		return made;
	},

	node(id) {
		return E('div', { id: 'cbi-%s-%s'.format(this.map.config, id), 'class': 'cbi-section-node', 'data-section-id': id },
			this.children.map((option) => option.render(id)));
	},

	heads() {
		return [ this.title ? E('h3', {}, this.title) : null, this.description ? E('div', { 'class': 'cbi-section-descr' }, this.description) : null ];
	},

	each(act) {
		return this.sections().map((id) => this.children.map((option) => act(option, id))).flat();
	}
});

const NamedSection = Section.extend({
	__init__(map, name, type, ...more) {
		this.super('__init__', [ map, type, ...more ]);
		this.name = name;
	},

	sections() {
		return [ this.name ];
	},

	render() {
		return E('div', { 'class': 'cbi-section' }, [ ...this.heads(), this.node(this.name) ]);
	}
});

const TypedSection = Section.extend({
	sections() {
		return this.map.data.sections(this.map.config, this.type).map((section) => section['.name']);
	},

	render() {
		return E('div', { id: 'cbi-%s-%s'.format(this.map.config, this.type), 'class': 'cbi-section' }, [ ...this.heads(),
			...this.sections().flatMap((id) => [ this.remover(id), this.anonymous ? null : E('h3', {}, [ id.toUpperCase() ]), this.node(id) ]),
			this.adder() ]);
	},

	remover(id) {
		return this.button(_('Delete'), 'remove', () => this.map.data.remove(this.map.config, id), { 'data-section-id': id });
	},

	adder() {
		const name = this.anonymous ? null : E('input', { type: 'text', 'class': 'cbi-section-create-name' });
		return E('div', { 'class': 'cbi-section-create' }, [ name,
			this.button(_('Add'), 'add', () => this.map.data.add(this.map.config, this.type, name && name.value)) ]);
	},

	button(title, kind, act, more) {
		return E('button', { 'class': 'cbi-button cbi-button-' + kind, ...more, 'click': ui.createHandlerFn(this, () => {
			act();
			return this.map.save(null);
		}) }, [ title ]);
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

	// What is refused is told by the page itself: each of them calls this with `silent`.
	async save(accept) {
		this.checkDepends();
		this.children.forEach((section) => section.each((option, id) => option.parse(id)));
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

return baseclass.extend({ Map, JSONMap, TypedSection, NamedSection, Value, Flag, ListValue, DynamicList });
