// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require validation';

const overlay = E('div', { id: 'modal_overlay', tabindex: '-1' }, [ E('div', { 'class': 'modal' }) ]);

/* A field: `node` has the id of the option, the value goes in and out as text or as a list of texts. */
const Element = baseclass.extend({
	__init__(value, options) {
		this.options = options;
		this.node = E('div', { id: options.id });
		dom.bindClassInstance(this.node, this);
		this.build(value);
		this.node.addEventListener('input', () => this.changed());
		this.node.addEventListener('change', () => this.changed());
	},

	render() {
		return this.node;
	},

	input(attributes) {
		return E('input', { id: 'widget.' + this.options.id, ...attributes });
	},

	changed() {
		this.triggerValidation();
		this.node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));
	},

	// An invalid field is marked where it is.
	triggerValidation() {
		this.error = validation.judge(L.toArray(this.getValue()), this.options);
		const field = this.node.querySelector('input, select') || this.node;
		field.classList.toggle('cbi-input-invalid', this.error !== '');
		return this.error === '';
	},

	isValid() {
		return this.triggerValidation();
	},

	getValidationError() {
		return this.error;
	}
});

const Textfield = Element.extend({
	build(value) {
		this.field = this.input({ type: this.options.password ? 'password' : 'text', 'class': 'cbi-input-text',
			placeholder: this.options.placeholder });
		this.field.value = value || '';
		this.node.appendChild(this.field);
	},

	getValue() {
		return this.field.value.trim();
	},

	setValue(value) {
		this.field.value = value === null ? '' : value;
	}
});

const Checkbox = Element.extend({
	build(value) {
		this.field = this.input({ type: 'checkbox' });
		this.field.checked = value === '1';
		this.node.appendChild(this.field);
	},

	getValue() {
		return this.field.checked ? '1' : '0';
	},

	setValue(value) {
		this.field.checked = value === '1';
	}
});

const Select = Element.extend({
	build(value) {
		const { choices, sort } = this.options;
		this.field = E('select', { id: 'widget.' + this.options.id, 'class': 'cbi-input-select' },
			sort.map((key) => E('option', { value: key }, [ choices[key] ])));
		this.field.value = value === null || value === undefined ? sort[0] : value;
		this.node.appendChild(this.field);
	},

	getValue() {
		return this.field.value;
	},

	setValue(value) {
		this.field.value = value;
	}
});

const Radio = Element.extend({
	build(value) {
		const { choices, sort, id } = this.options;
		this.fields = sort.map((key) => E('input', { type: 'radio', name: id, value: key, 'class': 'cbi-input-radio' }));
		this.fields.forEach((field) => {
			field.checked = field.value === value;
			this.node.appendChild(E('label', {}, [ field, choices[field.value] ]));
		});
	},

	getValue() {
		const chosen = this.fields.find((field) => field.checked);
		return chosen ? chosen.value : null;
	},

	setValue() {
		// That of LuCI's branch openwrt-24.10 asks a variable that is not there.
		throw new ReferenceError('frameEl is not defined');
	}
});

/* A text with proposals. */
const Combobox = Textfield.extend({
	build(value) {
		const { choices, sort } = this.options;
		this.super('build', [ value ]);
		this.node.classList.add('cbi-dropdown');
		this.node.appendChild(E('ul', { style: 'display:none' }, sort.map((key) => E('li', { 'data-value': key }, [ choices[key] ]))));
	}
});

const DynamicList = Element.extend({
	build(values) {
		this.node.classList.add('cbi-dynlist');
		this.adding = this.input({ type: 'text', 'class': 'cbi-input-text', placeholder: this.options.placeholder });
		this.adding.addEventListener('change', () => this.take());
		this.node.appendChild(E('div', { 'class': 'add-item' }, [ this.adding ]));
		const { choices, sort } = this.options;
		this.node.appendChild(E('ul', { style: 'display:none' }, (sort || []).map((key) => E('li', { 'data-value': key }, [ choices[key] ]))));
		this.setItems(values);
	},

	take() {
		const typed = this.adding.value.trim();
		this.adding.value = '';
		if (typed)
			this.setItems([ ...this.getValue(), typed ]);
	},

	setItems(values) {
		this.node.querySelectorAll('.item').forEach((item) => item.remove());
		for (const value of L.toArray(values))
			this.node.insertBefore(E('div', { 'class': 'item' }, [ E('span', {}, [ value ]), E('input', { type: 'hidden', value: value }) ]),
				this.adding.parentNode);
	},

	getValue() {
		return [ ...this.node.querySelectorAll('.item > input') ].map((input) => input.value);
	},

	setValue(values) {
		this.setItems(values);
	}
});

return baseclass.extend({
	__init__() {
		document.body.appendChild(overlay);
		L.ui = this;
	},

	AbstractElement: Element,
	Textfield: Textfield,
	Checkbox: Checkbox,
	Select: Select,
	Radio: Radio,
	Combobox: Combobox,
	DynamicList: DynamicList,

	tabs: {
		menu(panes) {
			const items = panes.map((pane) => E('li', { 'data-tab': pane.getAttribute('data-tab') }, [ E('a', { href: '#', 'click': (event) => {
				event.preventDefault();
				show(pane.getAttribute('data-tab'));
			} }, [ pane.getAttribute('data-tab-title') ]) ]));
			const show = (name) => {
				panes.forEach((pane) => pane.setAttribute('data-tab-active', pane.getAttribute('data-tab') === name));
				items.forEach((item) => item.setAttribute('class', item.getAttribute('data-tab') === name ? 'cbi-tab' : 'cbi-tab-disabled'));
			};
			show(panes[0].getAttribute('data-tab'));
			return E('ul', { 'class': 'cbi-tabmenu' }, items);
		}
	},

	// As in LuCI, a bare title is HTML.
	showModal(title, children) {
		dom.content(overlay.firstChild, [ E('h4', {}, title), ...L.toArray(children) ]);
		document.body.classList.add('modal-overlay-active');
	},

	hideModal() {
		document.body.classList.remove('modal-overlay-active');
	},

	createHandlerFn(context, handler, ...given) {
		const run = typeof handler === 'string' ? context[handler] : handler;
		return (event) => {
			const button = event.currentTarget, was = button.disabled;
			button.disabled = true;
			button.classList.add('spinning');
			Promise.resolve(run.call(context, ...given, event)).finally(() => {
				button.disabled = was;
				button.classList.remove('spinning');
			});
		};
	},

	instantiateView(path) {
		return L.require('view.' + path.replaceAll('/', '.'));
	},

	changes: {
		apply(checked) {
			return fetch(L.url('admin/uci', checked ? 'apply_rollback' : 'apply_unchecked'), { method: 'POST' });
		}
	}
});
