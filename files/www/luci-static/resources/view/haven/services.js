// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require haven.live as live';
'require haven.message as message';
'require haven.others as others';
'require haven.panels as panels';
'require haven.tunnels as tunnels';
'require haven.words as words';

const STATES = {
	unknown: _('not known yet'), stopped: _('stopped', 'haven'), starting: _('is starting'), running: _('running', 'haven'),
	stopping: _('is stopping'), reloading: _('is told its role'), failed: _('failed', 'haven'), stuck: _('does not stop')
};
const WANTED = { run: _('to run'), rest: _('to rest'), undecided: _('not known before the role is') };
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
	return found ? '%s (%s)'.format(message.failure(found), words.ago(now - found.at)) : null;
}

/* What a person can do about a service, by the problems that name it. */
function advice(service, problems) {
	const about = problems.filter((each) => each.about === service.name && String(each.code).startsWith('service-'));
	return about.map((each) => message.advice(each)).join(' ');
}

function rows(service, problems, now) {
	return [
		[ _('State'), STATES[service.is] || service.is ],
		[ _('Wanted'), WANTED[service.wanted] || service.wanted ],
		[ _('Since'), words.moment(service.since, now) ],
		[ _('Why'), message.serviceReason(service.why) ],
		[ _('Profile'), service.profile || null ],
		[ _('Runs'), PLACES[service.role] || service.role ],
		[ _('Required'), service.required ? _('yes: without it the group goes to another router') : null ],
		[ _('What failed'), failure(service, now) ],
		[ _('Next try'), nextTry(service) ],
		[ _('Ended by itself'), service.deaths ? _('%d times lately').format(service.deaths) : null ],
		[ _('What to do'), advice(service, problems) ]
	];
}

function card(service, problems, now) {
	const said = service.failure && service.failure.words;
	return E('div', { 'class': isFine(service) ? 'haven-card' : 'haven-card haven-problem', 'data-service': service.name, 'data-is': service.is }, [
		E('h4', {}, [ service.name ]), panels.facts(rows(service, problems, now)),
		said ? E('pre', { 'class': 'haven-small' }, [ said ]) : ''
	]);
}

function group(name, services, problems, now) {
	return E('div', { 'data-group': name }, [
		E('h4', {}, [ _('Group %s').format(name) ]), ...services.map((service) => card(service, problems, now))
	]);
}

/* The services of a router by its own word, by group. */
function router(title, status, kind, now) {
	const told = status.services || [], names = [ ...new Set(told.map((service) => service.group)) ], vpn = tunnels.vpn(status);
	return E('div', { 'class': 'cbi-section ' + kind, 'data-router': status.node }, [ E('h3', {}, [ title ]),
		...told.length ? names.map((name) => group(name, told.filter((service) => service.group === name), status.problems, now))
			: [ E('p', {}, [ _('Nothing runs by role: there is no section “service”, or the agent has not reported yet.') ]) ],
		vpn ? E('h4', {}, [ _('VPN') ]) : '', vpn ]);
}

function other(each, now) {
	if (!each.status)
		return E('div', { 'class': 'cbi-section', 'data-router': each.node }, [ E('h3', {}, [ each.node ]),
			E('p', {}, [ _('not reached: %s').format(message.failureWords(each.peer.trouble || 'no answer')) ]) ]);
	return router(_('%s, as it said %s').format(each.node, words.ago(each.age_s)), each.status, each.fresh ? '' : 'haven-old', now);
}

/* Where a service is added, changed or taken away. */
function way() {
	return L.hasViewPermission() ? E('p', {}, [ _('Which services run by role is said under Settings, in the sections “service”.'), ' ',
		E('a', { href: L.url('admin/services/haven/settings') }, [ _('Settings') ]) ]) : '';
}

return view.extend({
	load() {
		return live.first();
	},

	render(answer) {
		this.others = others.create();
		this.trouble = E('div', { 'aria-live': 'polite' });
		this.list = E('div', { 'data-part': 'services' });
		const page = panels.page(_('Services'), _('What runs by role on each router: on the Active alone, on the others, or on all.'),
			[ this.trouble, this.list, way() ]);
		this.show(answer);
		live.follow((next) => this.show(next));
		return page;
	},

	show(answer) {
		dom.content(this.trouble, answer.error ? [ panels.trouble(answer.error) ] : []);
		if (answer.error)
			return;
		const status = answer.value, now = Date.now() / 1000;
		others.ask(this.others, status);
		dom.content(this.list, [ E('div', { 'class': 'haven-columns' }, [ router(_('%s (this router)').format(status.node), status, '', now),
			...others.list(this.others).map((each) => other(each, now)) ]) ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
