// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

const ADDRESS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function number(text) {
	const found = ADDRESS.exec(String(text));
	const octets = found ? found.slice(1).map(Number) : [];
	return found && octets.every((each) => each < 256) ? octets.reduce((sum, each) => sum * 256 + each) : null;
}

function text(value) {
	return [ 24, 16, 8, 0 ].map((shift) => value >>> shift & 255).join('.');
}

function mask(length) {
	return length ? -1 << 32 - length >>> 0 : 0;
}

function base(net) {
	return (net.value & mask(net.length)) >>> 0;
}

function last(net) {
	return (base(net) | ~mask(net.length)) >>> 0;
}

return baseclass.extend({
	number: number,
	text: text,

	/* '192.168.1.1/24' -> { value, length }; length is null where there is none; null for what is no address. */
	parse(written) {
		const [ address, length, more ] = String(written == null ? '' : written).trim().split('/');
		const value = number(address);
		if (value === null || more !== undefined || length !== undefined && !(/^\d{1,2}$/.test(length) && length <= 32))
			return null;
		return { value: value, length: length === undefined ? null : Number(length) };
	},

	within(value, net) {
		return base({ value: value, length: net.length }) === base(net);
	},

	/* Whether it is the address of the network itself, or its broadcast address. */
	reserved(value, net) {
		return net.length < 31 && (value === base(net) || value === last(net));
	},

	/* The addresses that routers usually have: the first and the last of a network. */
	usual(net) {
		return [ base(net) + 1, last(net) - 1 ];
	},

	/* 255.255.255.0 -> 24 */
	lengthOf(netmask) {
		const value = number(netmask);
		const length = [ ...Array(33).keys() ].find((each) => mask(each) === value);
		return length === undefined ? null : length;
	},

	network(net) {
		return '%s/%d'.format(text(base(net)), net.length);
	}
});
