// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.catalogue as catalogue';

/*
 * What the programs of haven say by a code with facts, in the reader's language: the rules are those of
 * haven/contract/message.py. What this catalogue does not know stays in the words of the program.
 */
const TEXTS = catalogue.texts;

// Of a takeover that ended an outage.
const REASONS = { silence: _('no ADVERTISEMENTs came'), unanswered: _('its kernel did not answer'), session: _('the BFD session failed') };

/* A fact that a template needs is not there, or is none that could be shown. */
class Unfit extends Error {}

/* What a table has under a name; what every object inherits is not in it. */
function entry(table, name) {
	return table && Object.prototype.hasOwnProperty.call(table, name) ? table[name] : undefined;
}

function isMessage(value) {
	return L.isObject(value) && !Array.isArray(value) && typeof value.code === 'string';
}

function state(name) {
	const template = entry(TEXTS.states, name);
	// LuCI's own catalogue has some of these words, with another sense: a “Backup” is a copy of the settings there.
	return template ? _(template, 'haven') : String(name);
}

function number(value) {
	if (!Number.isFinite(value))
		throw new Unfit();
	return value;
}

function duration(microseconds) {
	if (microseconds < 1000000)
		return _(TEXTS.durations.milliseconds).format(Math.floor(microseconds / 1000));
	return _(TEXTS.durations.seconds).format(microseconds / 1000000);
}

/* What somebody said of a failure, where many say the same. */
function failureWords(value) {
	return entry(TEXTS.failure_words, value) ? _(TEXTS.failure_words[value]) : String(value);
}

function scalar(name, value) {
	if (value === null)
		return '';
	if (L.isObject(value))
		throw new Unfit();
	if (catalogue.state_facts.includes(name))
		return state(value);
	if (catalogue.failure_facts.includes(name))
		return failureWords(value);
	if (name.endsWith('_us'))
		return duration(number(value));
	return name.endsWith('_s') ? _(TEXTS.durations.whole_seconds).format(number(value)) : String(value);
}

function shown(name, value) {
	if (Array.isArray(value))
		return value.map((each) => shown(name, each)).join(isMessage(value[0]) ? '; ' : ', ');
	return isMessage(value) ? inner(name, value) : scalar(name, value);
}

function inner(name, value) {
	if (name === 'diagnostic')
		return placed(value);
	return said(entry(catalogue.inner, name), value.code, value.facts || {}) || String(value.text || value.message || value.code);
}

function filled(template, facts) {
	return template.replace(/\{(\w+)\}/g, (all, name) => {
		const fact = entry(facts, name);
		if (fact === undefined)
			throw new Unfit();
		return shown(name, fact);
	});
}

function render(template, facts) {
	const text = filled(template, facts) + (entry(facts, 'suggestion') === undefined ? '' : filled(_(TEXTS.ends.suggestion), facts));
	// A sentence may begin with a fault, which elsewhere stands behind a colon.
	return template.startsWith('{fault}') ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/* The text of a code; null where the catalogue has none, or the facts do not fit it. */
function said(table, code, facts) {
	const template = entry(entry(TEXTS, table), code);
	try {
		return template && L.isObject(facts) ? render(_(template), facts).trim() : null;
	} catch (error) {
		if (error instanceof Unfit)
			return null;
		throw error;
	}
}

function diagnostic(found) {
	return said('diagnostics', found.code, found.facts) || String(found.message || found.code);
}

function risk(found) {
	return said('at_risk', found.code, found.facts) || String(found.text);
}

function joined(parts, separator) {
	return parts.filter(Boolean).join(separator);
}

function located(found) {
	const option = found.option && filled(_(TEXTS.places.option), found);
	return joined([ joined([ found.section, option ], ', '), diagnostic(found) ], ': ');
}

function placed(found) {
	return joined([ found.line ? '%s:%d'.format(found.file, found.line) : found.file, located(found) ], ': ');
}

function question(name) {
	const template = entry(TEXTS.questions, name);
	return template ? _(template) : String(name);
}

/* A page shows questions, and not their names. */
function withQuestion(facts) {
	return L.isObject(facts) && facts.question ? Object.assign({}, facts, { question: question(facts.question) }) : facts;
}

return baseclass.extend({
	state: state,

	failureWords: failureWords,

	/* What is the matter with a configuration, without its place. */
	diagnostic: diagnostic,

	/* The same with its section and option. */
	located: located,

	problem(problem) {
		return said('problems', problem.code, problem.facts) || String(problem.message);
	},

	advice(problem) {
		return said('advice', problem.code, problem.facts) || String(problem.do || '');
	},

	risk: risk,

	/* What a takeover at this moment might lose; nothing where that is nothing. */
	atRisk(risks) {
		if (!risks.length)
			return '';
		return filled(_(TEXTS.ends.at_risk), { risks: risks.map(risk).join('; ') });
	},

	event(event) {
		return said('events', event.code, event.facts) || String(event.text);
	},

	/* Why a group or a virtual router is in its state. */
	reason(transition) {
		if (!transition)
			return '';
		return said('reasons', transition.reason, transition.facts) || String(transition.text || transition.reason || '');
	},

	/* Why a service by role is to run, or not, and what of it has failed. */
	serviceReason(found) {
		return said('service_reasons', found.code, found.facts) || String(found.text || found.code);
	},

	failure(found) {
		return said('service_failures', found.code, found.facts) || String(found.text || found.code);
	},

	/* Why somebody took over, in short: without the facts of the moment. */
	reasonName(code) {
		return REASONS[code] || String(code);
	},

	/* What became of a drill. */
	drillOutcome(drill) {
		return said('drill_outcomes', drill.code, drill.facts) || String(drill.code);
	},

	/* What a WAN that is dialled does. */
	wanState(wan) {
		return said('wan_states', wan.state, { waits_for: wan.waits_for || _('the other router') }) || String(wan.state);
	},

	tunnelState(tunnel) {
		return said('wireguard_states', tunnel.state, {}) || String(tunnel.state);
	},

	step(step) {
		return said('steps', step.code, step.facts) || String(step.say);
	},

	/* Why it was not done: by havend, by the other router, or by a setup. */
	refusal(answer) {
		const facts = withQuestion(answer.facts);
		const tables = [ 'pairing', 'refusals', 'setup', 'drill_refusals' ];
		return tables.map((table) => said(table, answer.code, facts)).find(Boolean) || String(answer.error);
	},

	/* What doctor has found, what that means, or what to do: by the word for which of them. */
	doctor(word, found) {
		return said('doctor_' + word, found.code, found.facts) || String(found[word]);
	},

	doctorCheck(check) {
		return said('doctor_checks', check.name, {}) || String(check.looked_at);
	},

	doctorWell(check) {
		return said('doctor_well', check.name, {}) || String(check.well);
	},

	doctorUnable(why) {
		return said('doctor_unable', why.code, why.facts) || String(why.text);
	},

	/* What doctor does now; nothing before it has begun. */
	doctorStep(step, words) {
		return step ? said('doctor_steps', step, { nodes: words, left_s: Number(words) || 0 }) || '' : '';
	},

	/* What stands in the way of one configuration. */
	replication(found) {
		return said('replication', found.code, found.facts) || String(found.message);
	},

	/* A question of a setup, and why an answer is proposed. */
	question: question,

	why(found) {
		return said('whys', found.code, found.facts) || String(found.message);
	}
});
