// What can be planned for a time ahead, and which permission each needs.

/** @type {[string, string, string][]} kind, in words, permission */
export const PLANS = [
  ["suspend_key", "Suspend a key", "key.suspend"],
  ["revoke_key", "Revoke a key for good", "key.revoke"],
  ["suspend_client", "Suspend a client", "client.suspend"],
  ["assign_policy", "Assign a policy", "policy.assign"],
  ["unassign_policy", "End an assignment of a policy", "policy.assign"],
  ["revise_policy", "Change the mode of a policy", "policy.write"],
];

export const MAY_PLAN = [...new Set(PLANS.map(([, , permission]) => permission))];
