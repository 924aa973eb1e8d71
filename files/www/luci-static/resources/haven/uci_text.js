// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

function quoted(value) {
	return "'%s'".format(String(value).replace(/'/g, "'\\''"));
}

function unquoted(text) {
	return text.trim().replace(/'([^']*)'|\\(.)/g, (all, inner, letter) => inner === undefined ? letter : inner);
}

function options(section) {
	return Object.keys(section).filter((name) => name[0] !== '.' && section[name] != null);
}

function line(name, value) {
	if (Array.isArray(value))
		return value.map((item) => '\tlist %s %s'.format(name, quoted(item)));
	return [ '\toption %s %s'.format(name, quoted(value)) ];
}

function sectionText(section) {
	return [ 'config %s %s'.format(section['.type'], quoted(section['.name'])),
		...options(section).flatMap((name) => line(name, section[name])) ].join('\n');
}

function setting(place, { value, there }) {
	if (!Array.isArray(value))
		return [ 'set %s=%s'.format(place, quoted(value)) ];
	return [ ...(there ? [ 'delete ' + place ] : []), ...value.map((item) => 'add_list %s=%s'.format(place, quoted(item))) ];
}

const COMMAND = /^(?:uci\s+)?(set|add_list)\s+([a-z0-9_-]+)\.([A-Za-z0-9_]+)(?:\.([A-Za-z0-9_]+))?=(.*)$/;

function take(found, [ , verb, config, name, option, value ]) {
	const key = config + '.' + name;
	const section = found[key] = found[key] || { '.config': config, '.name': name };
	if (!option)
		section['.type'] = unquoted(value);
	else if (verb === 'set')
		section[option] = unquoted(value);
	else
		section[option] = [ ...(section[option] || []), unquoted(value) ];
}

return baseclass.extend({
	/* Sections of LuCI's uci module as a file of /etc/config. */
	file(sections) {
		return sections.map(sectionText).join('\n\n') + '\n';
	},

	/* One change of haven.setup_sections as the words after `uci`; `there`: a list has values already. */
	commands(change) {
		const section = change.config + '.' + change.section;
		switch (change.kind) {
		case 'add':
			return [ 'set %s=%s'.format(section, quoted(change.type)) ];
		case 'remove':
			return [ 'delete ' + section ];
		case 'unset':
			return [ 'delete %s.%s'.format(section, change.option) ];
		default:
			return setting(section + '.' + change.option, change);
		}
	},

	/* The sections that `set` and `add_list` lines make; all else in the text is passed over. */
	parse(text) {
		const found = {};
		for (const written of String(text).split('\n')) {
			const command = COMMAND.exec(written.trim());
			if (command)
				take(found, command);
		}
		return Object.values(found).filter((section) => section['.type']);
	}
});
