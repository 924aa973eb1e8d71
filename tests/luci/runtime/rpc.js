// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

const STATUS = [ _('Command OK'), _('Invalid command'), _('Invalid argument'), _('Method not found'), _('Resource not found'),
	_('No data received'), _('Permission denied'), _('Request timeout'), _('Not supported'), _('Unspecified error'), _('Connection lost') ];
const interceptors = [];
let number = 1;

function kind(value) {
	return Object.prototype.toString.call(value);
}

function expected(answer, expect) {
	const [ key ] = Object.keys(expect);
	const found = key !== '' && answer !== null && answer !== undefined ? answer[key] : answer;
	return kind(found) === kind(expect[key]) ? found : expect[key];
}

function read(options, message) {
	const called = [ options.object, options.method ];
	if (!L.isObject(message) || message.jsonrpc !== '2.0')
		L.raise('RPCError', 'RPC call to %s/%s returned invalid message frame', ...called);
	if (L.isObject(message.error) && message.error.code)
		L.raise('RPCError', 'RPC call to %s/%s failed with error %d: %s', ...called, message.error.code, message.error.message);
	const [ status, ...documents ] = message.result;
	if (options.reject && status !== 0)
		L.raise('RPCError', 'RPC call to %s/%s failed with ubus code %d: %s', ...called, status, STATUS[status]);
	const answer = documents.length ? documents[0] : status;
	return options.expect ? expected(answer, options.expect) : answer;
}

return baseclass.extend({
	declare(options) {
		return (...values) => {
			const given = Object.fromEntries((options.params || []).map((name, at) => [ name, values[at] ]));
			return new Promise((resolve, reject) => {
				// As in the real one, an interceptor may put itself in the way of `reject`.
				const request = Object.assign({}, options, { resolve: resolve, reject: reject });
				L.rpc.ask({ jsonrpc: '2.0', id: number++, method: 'call', params: [ L.env.sessionid, options.object, options.method, given ] })
					.then((message) => Promise.all(interceptors.map((each) => each(message, request))).then(() => read(options, message)))
					.then((answer) => request.resolve(answer), (error) => request.reject(error));
			});
		};
	},

	addInterceptor(interceptor) {
		interceptors.push(interceptor);
		return interceptor;
	},

	getStatusText(status) {
		return STATUS[status];
	}
});
