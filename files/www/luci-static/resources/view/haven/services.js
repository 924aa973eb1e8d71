// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require haven.live as live';
'require haven.message as message';
'require haven.panels as panels';
'require haven.words as words';

const STATES = {
	unknown: _('not known yet'), stopped: _('stopped', 'haven'), starting: _('is starting'), running: _('running', 'haven'),
	stopping: _('is stopping'), reloading: _('is told its role'), failed: _('failed', 'haven'), stuck: _('does not stop')
};
const PLACES = { active: _('on the Active'), backup: _('on the others'), both: _('on every router') };
// What is as it is to be.
const FINE = { run: [ 'running', 'reloading', 'starting' ], rest: [ 'stopped', 'stopping' ], undecided: Object.keys(STATES) };

function isFine(service) {
	return (FINE[service.wanted] || []).includes(service.is);
}

function nextTry(service) {
	return service.retry_s === null ? null : _('in %d s').format(service.retry_s);
}

function failure(service, now) {
	const found = service.failure;
	return found ? '%s (%s)'.format(message.failure(found), words.moment(found.at, now)) : null;
}

function rows(service, now) {
	return [
		[ _('State'), STATES[service.is] || service.is ],
		[ _('Since'), words.moment(service.since, now) ],
		[ _('Why'), message.serviceReason(service.why) ],
		[ _('Runs'), PLACES[service.role] || service.role ],
		[ _('Required'), service.required ? _('yes: without it the group goes to another router') : null ],
		[ _('What failed'), failure(service, now) ],
		[ _('Next try'), nextTry(service) ],
		[ _('Ended by itself'), service.deaths ? _('%d times lately').format(service.deaths) : null ]
	];
}

function card(service, now) {
	const said = service.failure && service.failure.words;
	return E('div', { 'class': isFine(service) ? 'haven-card' : 'haven-card haven-problem', 'data-service': service.name, 'data-is': service.is }, [
		E('h4', {}, [ service.name ]), panels.facts(rows(service, now)),
		said ? E('pre', { 'class': 'haven-small' }, [ said ]) : ''
	]);
}

function group(name, services, now) {
	return E('div', { 'class': 'cbi-section', 'data-group': name }, [
		E('h3', {}, [ name ]), ...services.map((service) => card(service, now))
	]);
}

function drawn(status, now) {
	const told = status.services || [];
	if (!told.length)
		return [ E('p', {}, [ _('Nothing runs by role: there is no section “service”, or the agent has not reported yet.') ]) ];
	const names = [ ...new Set(told.map((service) => service.group)) ];
	return names.map((name) => group(name, told.filter((service) => service.group === name), now));
}

return view.extend({
	load() {
		return live.first();
	},

	render(answer) {
		this.trouble = E('div', { 'aria-live': 'polite' });
		this.list = E('div', { 'data-part': 'services' });
		const page = panels.page(_('Services'), _('What runs on this router by its role: on the Active alone, on the others, or on all.'),
			[ this.trouble, this.list ]);
		this.show(answer);
		live.follow((next) => this.show(next));
		return page;
	},

	show(answer) {
		dom.content(this.trouble, answer.error ? [ panels.trouble(answer.error) ] : []);
		if (!answer.error)
			dom.content(this.list, drawn(answer.value, Date.now() / 1000));
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
