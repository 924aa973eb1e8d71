// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

/*
 * What the programs say in English, in the reader's language. A sentence that holds a name or a number is
 * recognised by the words around it; a test compares this list with the programs' own tables.
 */
const SENTENCES = [
	'%s advertises at another interval than this node.',
	'%s advertises other virtual addresses than this node has.',
	'%s also claims to own the addresses (priority 255).',
	'%s is Active, too, although it ranks lower.',
	'A step failed: %s.',
	'Advertisements of other routers cannot be heard: %s.',
	'Another machine uses our address %s.',
	'Give %s that address, or correct address under conntrack.',
	'Packets from %s are dropped: it is not a unicast_peer, or it is our own address.',
	'Packets from %s are dropped: one side uses a password and the other does not.',
	'Packets from %s are dropped: their TTL is not 255, so they came through another router.',
	'Packets from %s are dropped: their advertisement interval is not ours.',
	'Packets from %s are dropped: their checksum is wrong.',
	'Packets from %s are dropped: their first address is not link-local.',
	'Packets from %s are dropped: their length is wrong.',
	'Packets from %s are dropped: their password is not ours.',
	'Packets from %s are dropped: their type is not known.',
	'Packets from %s are dropped: they name no address.',
	'Packets from %s are dropped: they speak another version of VRRP.',
	'Real-time scheduling is not to be had: %s.',
	'The Active is heard on other links of the group, but not on %s.',
	'The configuration was refused: %s',
	'The connection table holds %s of %s entries: new connections are refused or not copied.',
	'The conntrackd of %s is not heard on %s: connections are not copied.',
	'The device %s is not there, so connections are not copied.',
	'The guard of young connections is not in force: %s.',
	'The last advertisement could not be sent: %s.',
	'The link of %s is down, so connections are not copied.',
	'The new configuration was refused: %s',
	'The set-up failed: %s.',
	'This router does not have the address %s, so connections are not copied.',
	'This router\'s table holds %s connections, that of %s %s: what is beyond the smaller one is lost in a takeover.',
	'Tracked devices are down: the priority is lowered by %s.',
	'%s has no address to advertise from.',
	'conntrackd does not run; it is being started again. %s',
	'The link of %s is down.',
	'The tracked device %s is down.'
];

function pattern(sentence) {
	const parts = sentence.split('%s').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp('^' + parts.join('(.*)') + '$');
}

const PATTERNS = SENTENCES.map((sentence) => [ sentence, pattern(sentence) ]);

return baseclass.extend({
	/* A sentence of haven's in the reader's language; as it is where it is not known. */
	translate(text) {
		const known = _(text);
		if (known !== text)
			return known;
		for (const [ sentence, shape ] of PATTERNS) {
			const found = shape.exec(text);
			if (found)
				return _(sentence).format(...found.slice(1));
		}
		return text;
	}
});
