// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require haven.api as api';
'require haven.live as live';
'require haven.panels as panels';
'require haven.steps as steps';

return view.extend({
	load() {
		return live.settle(api.plan());
	},

	render(answer) {
		return panels.page(_('Plan'), _('What this router would do, step by step, with the configuration as it is saved.'),
			[ answer.error ? panels.trouble(answer.error) : steps.render(answer.value) ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
