// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.words as words';

function isWrong(found) {
	return found.severity !== 'advice';
}

function findings(report) {
	return report.checks.flatMap((check) => check.findings);
}

function finding(found) {
	const kind = { error: 'haven-problem haven-severe', warning: 'haven-problem', advice: 'haven-noted' };
	return E('div', { 'class': kind[found.severity] || 'haven-problem', 'data-code': found.code }, [
		E('strong', {}, [ message.doctor('found', found) ]),
		E('p', { 'class': 'haven-advice' }, [ message.doctor('means', found) ]),
		E('p', { 'class': 'haven-advice' }, [ message.doctor('do', found) ])
	]);
}

function mark(check) {
	return check.findings.some(isWrong) ? '✗' : '–';
}

/* A check with something to say: what was looked at, what was found, and what could not be looked at. */
function check(each) {
	return E('div', { 'class': 'haven-card', 'data-check': each.name, 'data-state': each.state }, [
		E('h4', {}, [ E('span', { 'aria-hidden': 'true' }, [ mark(each) + ' ' ]), message.doctorCheck(each) ]),
		...each.findings.map(finding),
		...each.unable.map((why) => E('p', { 'class': 'haven-advice' }, [ _('Not looked at: %s.').format(message.doctorUnable(why)) ]))
	]);
}

/* One that has found all as it should be needs a line. */
function well(each) {
	return E('li', { 'data-check': each.name, 'data-state': each.state }, [ message.doctorCheck(each), ': ',
		E('span', { 'class': 'haven-calm' }, [ message.doctorWell(each) ]) ]);
}

function verdict(report) {
	const count = findings(report).filter(isWrong).length;
	if (!count)
		return E('h3', { 'class': 'haven-calm' }, [ _('Nothing wrong was found') ]);
	return E('h3', {}, [ count === 1 ? _('1 thing is wrong') : _('%d things are wrong').format(count) ]);
}

function routers(report) {
	const asked = report.routers.filter((router) => router.asked).map((router) => router.node);
	return _('Looked at %s, %s, in %d s.').format(asked.join(', '), words.ago(Date.now() / 1000 - report.at), Math.round(report.took_s));
}

return baseclass.extend({
	/* A report as a person reads it: what is wrong first. */
	render(report) {
		if (!report)
			return [ E('p', {}, [ _('Nobody has looked since this router was started.') ]) ];
		const some = report.checks.filter((each) => each.state !== 'well'), fine = report.checks.filter((each) => each.state === 'well');
		some.sort((a, b) => (a.state === 'found' ? 0 : 1) - (b.state === 'found' ? 0 : 1));
		return [ E('div', { 'data-part': 'verdict', 'data-well': String(report.well) }, [ verdict(report), E('p', {}, [ routers(report) ]) ]),
			...some.map(check), fine.length ? E('div', { 'class': 'haven-card' }, [ E('h4', {}, [ _('Is as it should be') ]), E('ul', { 'class': 'haven-steps' }, fine.map(well)) ]) : '' ];
	}
});
