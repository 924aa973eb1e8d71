// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require form';
'require uci';

const GROUPS = [ [ 'basic', _('General Settings') ], [ 'timing', _('Timing') ], [ 'advanced', _('Advanced Settings') ] ];

function kind(option) {
	if (option.list)
		return form.DynamicList;
	if (option.kind === 'flag')
		return form.Flag;
	return option.choices.length ? form.ListValue : form.Value;
}

function range(option) {
	const whole = _('%d to %d').format(option.low, option.high);
	return option.step > 1 ? _('%s in steps of %d').format(whole, option.step) : whole;
}

// The words of the schema are English; the translations have them, too.
function values(option) {
	const said = option.kind === 'whole' ? range(option) : _(option.values);
	return option.unit ? said + ' ' + option.unit : said;
}

function help(option) {
	const allowed = option.kind === 'flag' ? '' : _('Allowed: %s.').format(values(option));
	// The name is what stands in the file and in what is said of it.
	return [ '<code>%h</code>'.format(option.name), ...[ _(option.help), allowed ].filter(Boolean).map((text) => '%h'.format(text)) ].join(' ');
}

function placeholder(option) {
	return option.default_says ? _(option.default_says) : (option.default == null ? '' : option.default);
}

/* Names that stand in this or in the network's configuration; another may be typed all the same. */
function names(option) {
	if (option.name === 'interface')
		return uci.sections('network', 'interface').map((s) => s['.name']).filter((name) => name !== 'loopback');
	return option.kind === 'name' ? uci.sections('haven', option.name).map((s) => s['.name']) : option.choices;
}

function describe(field, option, siblings) {
	field.placeholder = placeholder(option);
	field.rmempty = !option.required;
	field.optional = !option.required;
	field.password = option.kind === 'secret';
	if (option.kind === 'flag')
		field.default = option.default;
	else
		field.datatype = option.datatype;
	if (option.kind === 'choice')
		field.value('', _('default (%s)').format(option.default));
	for (const name of names(option))
		field.value(name);
	for (const need of onlyWith(option, siblings))
		field.depends(need);
	return field;
}

// The other option's default counts as its value when it is left out.
function onlyWith(option, siblings) {
	if (!option.only_with)
		return [];
	const [ name, value ] = option.only_with;
	const other = siblings.find((each) => each.name === name);
	return [ { [name]: value }, ...(other && other.default === value ? [ { [name]: '' } ] : []) ];
}

function title(option) {
	return option.unit ? '%s (%s)'.format(_(option.title), option.unit) : _(option.title);
}

return baseclass.extend({
	title: title,

	/* Put a field for every option of a section type into a section of a form, in tabs. */
	fill(drawn, described) {
		for (const [ name, words ] of GROUPS)
			if (described.options.some((option) => option.group === name))
				drawn.tab(name, words);
		for (const option of described.options)
			describe(drawn.taboption(option.group, kind(option), option.name, title(option), help(option)), option, described.options);
	}
});
