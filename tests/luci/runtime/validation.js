// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/, IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i;

function address(text, mask) {
	const [ host, length, more ] = text.split('/');
	const known = IPV4.test(host) && host.split('.').every((octet) => octet < 256) || IPV6.test(host);
	return known && more === undefined && (length === undefined || mask && /^\d+$/.test(length));
}

// The types that haven's schema uses; another one is an error, not a silent yes.
const TYPES = {
	bool: (text) => [ '0', '1' ].includes(text),
	uciname: (text) => /^[A-Za-z0-9_]+$/.test(text),
	string: () => true,
	file: () => true,
	ipaddr: (text, ...more) => address(text, !more.includes('"nomask"')),
	netdevname: (text) => /^[^\s/]{1,15}$/.test(text),
	hostname: (text) => /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(text),
	range: (text, low, high) => /^-?\d+(\.\d+)?$/.test(text) && +text >= +low && +text <= +high,
	maxlength: (text, most) => text.length <= +most
};

function fits(text, datatype) {
	const [ , name, inner ] = /^(\w+)(?:\((.*)\))?$/.exec(datatype);
	if (!TYPES[name])
		throw new Error('the stand-in knows no datatype ' + datatype);
	return TYPES[name](text, ...(inner ? inner.split(',') : []));
}

return baseclass.extend({
	/* What is wrong with the values of a field, or nothing. */
	judge(values, options) {
		const given = values.filter((value) => value !== '');
		if (!given.length)
			return options.optional ? '' : _('Expecting: %s').format(_('non-empty value'));
		const wrong = options.datatype && given.some((value) => !fits(value, options.datatype));
		return wrong ? _('Expecting: %s').format(options.datatype) : '';
	}
});
