// Made from schemas/system.yaml by generate-types.mjs. Not to be changed by hand.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A key can call a route at one of the moments alone, or otherwise at the one than at the other. */
        AccessChange: {
            after?: components["schemas"]["AccessLine"] | null;
            before?: components["schemas"]["AccessLine"] | null;
            change: components["schemas"]["AccessChangeKind"];
        };
        /** @enum {string} */
        AccessChangeKind: "gained" | "lost" | "changed";
        /** @description What has changed about who can call what. */
        AccessChanges: {
            /** Format: date-time */
            from: string;
            /** @description By key and then by route. What is the same at both moments is not there. */
            items: components["schemas"]["AccessChange"][];
            /** Format: date-time */
            until: string;
        };
        /** @description A limit that binds such calls. */
        AccessLimit: {
            assignment_id: string;
            /** @description `rate` or `quota`. */
            kind: string;
            /** @description `enforce` or `shadow`. */
            mode: string;
            name: string;
            policy_id: string;
            policy_name: string;
            /** Format: int32 */
            policy_revision: number;
            /**
             * @description In words: `100 per 60 s, burst 20, by client`.
             * @example 100 per 60 s, burst 20, by client
             */
            says: string;
            /**
             * Format: date-time
             * @description When the assignment ends by itself.
             */
            until?: string | null;
        };
        /** @description A key can call a route. */
        AccessLine: {
            /** @description Empty: from anywhere. */
            allowed_cidrs: string[];
            client_id: string;
            client_name: string;
            /**
             * Format: date-time
             * @description The earlier of expiry and planned revocation.
             */
            ends_at?: string | null;
            environment: string;
            /** @description Empty: any. */
            hosts: string[];
            key_id: string;
            key_name: string;
            /** @description Those in force first, rates before quotas, then those in shadow. Empty: nothing limits these calls. */
            limits: components["schemas"]["AccessLimit"][];
            methods: string[];
            owner_team: string;
            path: string;
            /** @description Reported as leaked: known addresses only, and the limits of its environment's quarantine. */
            quarantined: boolean;
            required_scopes: string[];
            route_id: string;
            route_name: string;
        };
        /** @description Who could call what at a moment. */
        AccessReport: {
            /**
             * Format: date-time
             * @description The moment at which expiry and windows were judged.
             */
            at: string;
            items: components["schemas"]["AccessLine"][];
            /** @description Give it as `cursor` for the next page; null on the last one. */
            next_cursor?: string | null;
        };
        Actor: {
            /**
             * @description The grant that allowed it.
             * @example role:admin
             */
            allowed_by: string;
            /** @example bootstrap_token */
            authenticated_by: string;
            /** @example bootstrap-admin */
            id: string;
            /** @enum {string} */
            kind: "person" | "service_account" | "system";
            on_behalf_of?: string | null;
        };
        /** @description What the proxy's access log told of calls: nothing where it is not sent here, and not of each call where the gateway was away. */
        AnswerCounts: {
            /** Format: int64 */
            "2xx": number;
            /** Format: int64 */
            "3xx": number;
            /** Format: int64 */
            "4xx": number;
            /** Format: int64 */
            "5xx": number;
            /**
             * Format: int64
             * @description Null where there were none, like the quantiles, which are read from a histogram and off by a fifth at most.
             */
            mean_us?: number | null;
            /** Format: int64 */
            p50_us?: number | null;
            /** Format: int64 */
            p95_us?: number | null;
            /** Format: int64 */
            p99_us?: number | null;
            /** Format: int64 */
            request_bytes: number;
            /** Format: int64 */
            response_bytes: number;
            /** Format: int64 */
            total: number;
            /**
             * Format: int64
             * @description The upstream could not be reached, broke off or did not answer in time.
             */
            upstream_errors: number;
        };
        /** @description A request that waits, or waited, for a second person. */
        Approval: {
            /**
             * @description The body, and the dry run of the moment, without names and addresses of people; null where it is large or
             *     erased, once it is decided on, and once 2,000 others came after it.
             */
            asked?: Record<string, never> | null;
            /**
             * @description SHA-256 of the request: no other is allowed by the approval.
             * @example 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
             */
            command_hash: string;
            /** Format: date-time */
            created_at: string;
            decided_because?: string | null;
            /** @description Who has approved or declined it, and why. */
            decided_by?: string | null;
            /**
             * Format: date-time
             * @description It comes to nothing then.
             */
            expires_at: string;
            /** @description What the request is given again with, as `Tollgate-Approval`, once it is approved. */
            id: string;
            /** @example POST */
            method: string;
            /** @description What whoever approves has to hold, too. */
            needs: components["schemas"]["ApprovalNeed"][];
            /** @example /v1/clients/cli_01jx3v6k9q8z7m5n4p3r2s1t0v/keys */
            path: string;
            /** @example prn_01jx3v6k9q8z7m5n4p3r2s1t0v */
            proposer: string;
            reason?: string | null;
            /** @enum {string} */
            status: "waiting" | "approved" | "redeemed" | "declined" | "withdrawn" | "expired";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the approval's events; its `ETag`.
             */
            version: number;
        };
        /** @description A permission, and over what. */
        ApprovalNeed: {
            environments: string[];
            /** @enum {string} */
            permission: "client.read" | "client.write" | "client.suspend" | "key.read" | "key.issue" | "key.rotate" | "key.suspend" | "key.revoke" | "key.import" | "route.read" | "route.write" | "policy.read" | "policy.write" | "policy.assign" | "call.verify" | "audit.read" | "audit.export" | "report.read" | "report.export" | "metrics.read" | "gateway.follow" | "projection.operate" | "change.read" | "gateway.read" | "decision.read" | "limit.reset" | "leak.read" | "operation.read" | "principal.read" | "principal.write" | "principal.disable" | "service_account.read" | "service_account.write" | "grant.read" | "grant.write" | "personal.erase" | "break_glass.open" | "approval.read" | "approval.decide" | "approval_rule.write" | "webhook.read" | "webhook.write" | "notification_rule.read" | "notification_rule.write";
            /** @description None: of nobody in particular. */
            team?: string | null;
        };
        /** @description That something needs a second person. */
        ApprovalRule: {
            /** Format: date-time */
            created_at: string;
            /** @description Null: everywhere. */
            environment?: string | null;
            id: string;
            /** @enum {string} */
            permission: "client.read" | "client.write" | "client.suspend" | "key.read" | "key.issue" | "key.rotate" | "key.suspend" | "key.revoke" | "key.import" | "route.read" | "route.write" | "policy.read" | "policy.write" | "policy.assign" | "call.verify" | "audit.read" | "audit.export" | "report.read" | "report.export" | "metrics.read" | "gateway.follow" | "projection.operate" | "change.read" | "gateway.read" | "decision.read" | "limit.reset" | "leak.read" | "operation.read" | "principal.read" | "principal.write" | "principal.disable" | "service_account.read" | "service_account.write" | "grant.read" | "grant.write" | "personal.erase" | "break_glass.open" | "approval.read" | "approval.decide" | "approval_rule.write" | "webhook.read" | "webhook.write" | "notification_rule.read" | "notification_rule.write";
            reason: string;
            /**
             * Format: int64
             * @description Its `ETag`.
             */
            version: number;
        };
        /** @description A policy with all its assignments, in the order in which they were made. */
        AssignedPolicy: components["schemas"]["Policy"] & {
            assignments: components["schemas"]["Assignment"][];
        };
        /** @description Whom a policy binds: all of what is given must fit the call; nothing given is the default for everyone. */
        Assignment: {
            client_id?: string | null;
            environment?: string | null;
            /**
             * Format: date-time
             * @description Binds from then on.
             */
            from?: string | null;
            id: string;
            /**
             * @description How specific it is: of those that fit a call, `client_and_route` goes before `client`, then `route`, `environment`,
             *     `default`; at each, one that names the environment too goes before one that does not.
             */
            level: string;
            policy_id: string;
            route_id?: string | null;
            /**
             * Format: date-time
             * @description Binds before then.
             */
            until?: string | null;
        };
        /** @description An assignment as it was made, and what it comes to among others. */
        AssignmentWritten: components["schemas"]["Assignment"] & {
            warnings: components["schemas"]["Warning"][];
        };
        /** @description What an entry was caused by, and what came of it. */
        AuditChain: {
            /** @description In the order of the log. */
            items: components["schemas"]["AuditChainLink"][];
            /** @description Whether there are more. */
            truncated: boolean;
        };
        AuditChainLink: {
            /**
             * Format: int64
             * @description The position of the event that caused this one; null where a request did, or where that event is not among these.
             */
            caused_by?: number | null;
            entry: components["schemas"]["AuditEntry"];
        };
        /** @description One event: who did what to which thing, when, from where and why. */
        AuditEntry: {
            /** @description The event's type: `api_key.revoked`. */
            action: string;
            actor: components["schemas"]["Actor"];
            /** @description Null where there was none, and once erased. */
            address?: string | null;
            causation_id?: string | null;
            /**
             * @description What it changed of its subject, as a JSON Patch (RFC 6902): before each `replace` and `remove` a `test` says what was
             *     there. Null where that is not known.
             */
            changes?: Record<string, never>[] | null;
            /** @description The client concerned, where there is one. */
            client_id?: string | null;
            /** @description The `Idempotency-Key`, where one was given. */
            command_id: string;
            /** @description The same for everything that one request set in motion. */
            correlation_id: string;
            /** @description The event, without anything that helps to find or prove a secret. */
            data: Record<string, never>;
            event_id: string;
            /**
             * Format: date-time
             * @description When the command was decided.
             */
            occurred_at: string;
            /** @example succeeded */
            outcome: string;
            /**
             * Format: int64
             * @description The event's contiguous place in the one log of all facts, from 1.
             */
            position: number;
            reason?: string | null;
            /**
             * Format: date-time
             * @description When the store took it.
             */
            recorded_at: string;
            request_id: string;
            subject: components["schemas"]["Subject"];
            user_agent?: string | null;
        };
        /** @description Whom a write would touch. */
        BlastRadius: {
            /**
             * Format: int64
             * @description Those of them that were let through.
             */
            allowed_last_24h: number;
            /**
             * Format: int64
             * @description Calls of the last 24 hours, whatever became of them, counted from `since` on.
             */
            calls_last_24h: number;
            /**
             * Format: int64
             * @description Clients that are not archived; likewise.
             */
            clients: number;
            /** @description At most 50. */
            contacts: components["schemas"]["TouchedContact"][];
            /** @description At most 50. */
            environments: string[];
            /**
             * Format: int64
             * @description Keys that may still be used; of a route, those that called it.
             */
            keys: number;
            /**
             * Format: date-time
             * @description Of keys their latest use; of routes and policies the latest minute of the last 24 hours with a call.
             */
            last_used_at?: string | null;
            /** @description Each once; those of at most 50 clients. */
            owners: components["schemas"]["TouchedOwner"][];
            /** @description At most 50, the busiest first. */
            routes: components["schemas"]["CalledRoute"][];
            /**
             * Format: date-time
             * @description The beginning of the quarter of an hour that was under way 24 hours ago.
             */
            since: string;
            /** @description Whether one of the lists is cut, or only the first 200 of a policy's assignments were looked at. */
            truncated: boolean;
        };
        /** @description Why the glass is broken, and for how long. */
        BreakGlass: {
            /**
             * Format: int32
             * @description It is closed by itself after so many minutes.
             */
            minutes: number;
            reason: string;
        };
        /** @description Which keys, and why. */
        BulkOrder: {
            /**
             * Format: int32
             * @description How many keys the caller has seen it match; refused if it matches another number by now.
             */
            expected_count?: number | null;
            filter: components["schemas"]["KeyFilterBody"];
            reason: string;
        };
        /** @description What an order would be about. */
        BulkPreview: {
            /**
             * Format: int64
             * @description Of all of them together, in the last 24 hours.
             */
            calls_24h: number;
            /** @description How many in each environment. */
            environments: {
                [key: string]: number;
            };
            /** @description How many of them were called in the last 24 hours. */
            in_use: number;
            /** @description Give it as `expected_count`. */
            matched: number;
            /** @description The teams whose clients they are of. */
            owners: string[];
            /** @description The first of them. */
            sample: components["schemas"]["MatchedKey"][];
        };
        /** @description Calls by what became of them. */
        CallCounts: {
            /** Format: int64 */
            allowed: number;
            /** Format: int64 */
            forbidden: number;
            /** Format: int64 */
            quota_exceeded: number;
            /** Format: int64 */
            rate_limited: number;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unauthenticated: number;
        };
        /** @description One call to explain: at most one of secret, key and client says who makes it. */
        CallToExplain: {
            /** @example 198.51.100.7 */
            address?: string | null;
            /**
             * Format: date-time
             * @description The moment it is judged at, from now on; absent: now. Counters are those of now, as they stand then if nobody
             *     calls.
             */
            at?: string | null;
            /** @description As if with a key of the client that has no bounds of its own. */
            client_id?: string | null;
            /**
             * Format: int32
             * @description What the call takes from every limit; absent: the cost of its route.
             */
            cost?: number | null;
            /** @description Absent: the key's own; for a client, the one that is served. */
            environment?: string | null;
            /** @example api.example.com */
            host?: string | null;
            /** @description As if with its current secret. */
            key_id?: string | null;
            /** @example GET */
            method: string;
            /** @example /orders/17 */
            path: string;
            /**
             * Format: password
             * @description What the caller would present. It is neither kept nor handed on.
             */
            secret?: string | null;
        };
        /** @description A route that was called. */
        CalledRoute: {
            /** Format: int64 */
            calls: number;
            id: string;
            name?: string | null;
        };
        /** @description One line of `schemas/refusals.json`. */
        CatalogueEntry: {
            code: string;
            /** @description The sentence, with the names of the values in braces. */
            message: string;
            /** Format: int32 */
            status: number;
            /**
             * Format: int32
             * @description Where the same code is also answered with another status: a thing that is missing is 404 as the subject
             *     of a request and 422 where a body names it.
             */
            status_in_body?: number | null;
            title: string;
        };
        ChangeFailure: {
            /** Format: date-time */
            at: string;
            /** @example key_revoked */
            code: string;
            message: string;
            /**
             * @description `apply`, or `end`: what it did stands then.
             * @enum {string}
             */
            phase: "apply" | "end";
        };
        /** @description The newest signed statement of the log's size and root. Who keeps one holds the log to its past. */
        Checkpoint: {
            /** @description The signed note (C2SP tlog-checkpoint), as it was published. */
            note: string;
            /**
             * @description The name of the log, and of the keys that sign it.
             * @example tollgate/8f14e45fceea167a5a36
             */
            origin: string;
            /**
             * @description The root of the Merkle tree over them (RFC 6962), in hexadecimal.
             * @example 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
             */
            root: string;
            /** Format: date-time */
            signed_at: string;
            /**
             * Format: int64
             * @description The number of events.
             */
            size: number;
        };
        /** @description A public key. Pin it from elsewhere than the log that it is to verify. */
        CheckpointKey: {
            /** Format: date-time */
            first_signed_at: string;
            /**
             * Format: int64
             * @description The size of the log at its first signature.
             */
            first_size: number;
            /** @description Whether it has signed the newest checkpoint. */
            signs: boolean;
            /**
             * @description The verifier key (C2SP signed-note).
             * @example PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
             */
            vkey: string;
        };
        /** @description By whom the log is and was signed, and under which names. */
        CheckpointKeys: {
            /** @description The last one is in force; more than one means that an operator has abandoned what was signed before. */
            identities: components["schemas"]["LogIdentity"][];
            /** @description The oldest first. */
            keys: components["schemas"]["CheckpointKey"][];
        };
        /** @description Who is to be the first administrator. */
        Claim: {
            /** Format: email */
            email?: string | null;
            /**
             * Format: date-time
             * @description When the token stops: at most 365 days ahead. Absent: in 90 days.
             */
            expires_at?: string | null;
            identity?: components["schemas"]["NewIdentity"] | null;
            name: string;
        };
        /** @description The first administrator, with a token that is in no other answer. */
        ClaimedInstallation: {
            /** Format: date-time */
            expires_at: string;
            /** @description Of `admin` over everything. */
            grant_id: string;
            person: components["schemas"]["Person"];
            /** @description Shown this once and kept nowhere. Lost, it is had again by `tollgate access recover` alone. */
            token: string;
        };
        Client: {
            contacts: components["schemas"]["Contact"][];
            /** Format: date-time */
            created_at: string;
            environments: string[];
            id: string;
            /**
             * @description Whether the client belongs to somebody else or to us.
             * @enum {string}
             */
            kind: "partner" | "internal";
            labels: {
                [key: string]: string;
            };
            name: string;
            owner: components["schemas"]["Owner"];
            scopes: string[];
            /** @enum {string} */
            status: "active" | "suspended" | "archived";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the client's events; its `ETag`.
             */
            version: number;
        };
        /** @description What is to change of a client, as a merge patch: what is absent stays, `null` empties. */
        ClientPatch: {
            /** @description The whole new list. */
            contacts?: components["schemas"]["NewContact"][] | null;
            /** @description The whole new set: keys of what is missing in it stop at once. */
            environments?: string[];
            /** @description Merged label by label; `null` removes one. */
            labels?: {
                [key: string]: string | null;
            } | null;
            name?: string;
            owner?: components["schemas"]["OwnerPatch"] | null;
            /** @description The whole new set: keys lose what is missing in it at once. */
            scopes?: string[] | null;
        };
        /** @description How it has ended. */
        CloseGlass: {
            reason?: string | null;
        };
        /** @description That a log begins with a smaller one (RFC 6962 §2.1.2): nothing of it was changed or taken away. */
        ConsistencyProof: {
            /** @description The newest signed note. */
            checkpoint: string;
            /** Format: int64 */
            from: number;
            /** @example 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae */
            from_root: string;
            /**
             * @example [
             *       "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"
             *     ]
             */
            hashes: string[];
            /** Format: int64 */
            to: number;
            /** @example 9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0 */
            to_root: string;
        };
        /** @description A person on the client's side; name and address are null once erased. */
        Contact: {
            email?: string | null;
            name?: string | null;
            /**
             * @description What a contact is to be told about.
             * @enum {string}
             */
            role: "technical" | "billing" | "security";
        };
        /** @description Calls of one quarter of an hour that one batch told late. */
        CorrectionItem: {
            /** Format: int64 */
            batch_no: number;
            /** Format: int64 */
            calls: number;
            client_id?: string | null;
            environment: string;
            /** Format: date-time */
            flushed_at: string;
            /** @description The gateway that told it. */
            node: string;
            /** Format: date-time */
            window_start: string;
        };
        /** @description What is used of each limit. */
        CurrentUsage: {
            /** @description The events that made the assignments, and the last resets. */
            events: {
                /** @description What it set: an `assignment` or a `policy` of the limits, or the `cause` of a refusal; a `reset` of a limit. */
                about: string;
                actor: string;
                /** @description Such as `rate_limit_policy.revised`. */
                event_type: string;
                /** Format: date-time */
                occurred_at: string;
                /**
                 * Format: uint64
                 * @description Its place in the audit log.
                 */
                position: number;
                reason?: string | null;
                /** @description The thing that it changed. */
                subject_id: string;
            }[];
            items: {
                /**
                 * Format: uint64
                 * @description The contiguous place of an event in the log, from 1; 0 is before the first.
                 */
                assigned_at: number;
                assignment_id: string;
                /** @enum {string} */
                counting: "client" | "key" | "shared";
                environment: string;
                /** @description Of a limit that is counted by key. */
                key_id?: string | null;
                /**
                 * @description Which kind of limit.
                 * @enum {string}
                 */
                kind: "rate" | "quota";
                /**
                 * Format: uint64
                 * @description Of a rate: what the bucket holds.
                 */
                limit: number;
                /** @enum {string} */
                mode: "enforce" | "shadow";
                name: string;
                policy_id: string;
                /** Format: uint32 */
                policy_revision: number;
                /** Format: uint64 */
                remaining: number;
                /**
                 * Format: uint64
                 * @description The last reset that it counts from.
                 */
                reset_at?: number | null;
                /** Format: date-time */
                resets_at: string;
                /** @description Of a limit that is counted for the route by itself. */
                route_id?: string | null;
                /** @description Whether one number is kept for all nodes; else each keeps its share. */
                shared: boolean;
                shares: {
                    /**
                     * Format: uint64
                     * @description Of a shared quota: reserved here and not used.
                     */
                    held: number;
                    node: string;
                    /**
                     * Format: uint64
                     * @description Used here.
                     */
                    used: number;
                }[];
                /** Format: uint64 */
                used: number;
                /** @description None of a rate, which has no window. */
                window?: unknown[] | null;
            }[];
        };
        /** @description A page of decisions. */
        DecisionPage: {
            items: {
                /** Format: date-time */
                at: string;
                /** @description Like the next two: null where the secret was not genuine. */
                client_id?: string | null;
                environment: string;
                id: string;
                key_id?: string | null;
                /** @description Every limit that was looked at, as the decision left it. */
                limits: {
                    /**
                     * Format: uint64
                     * @description Where the log says that the assignment was made.
                     */
                    assigned_at: number;
                    assignment_id: string;
                    /**
                     * @description Which kind of limit.
                     * @enum {string}
                     */
                    kind: "rate" | "quota";
                    /** @enum {string} */
                    mode: "enforce" | "shadow";
                    name: string;
                    policy_id: string;
                    /** Format: uint32 */
                    policy_revision: number;
                    /** @description Whether it refused the call, or would have, in shadow. */
                    refused: boolean;
                    /**
                     * Format: uint64
                     * @description `r`: what is left. Of a rate, what is left in the bucket, which may be larger than `requests`.
                     */
                    remaining: number;
                    /**
                     * Format: uint64
                     * @description `q`: what the policy grants per window.
                     */
                    requests: number;
                    /**
                     * Format: uint64
                     * @description `t`: until all of it is there again.
                     */
                    reset_seconds: number;
                    /**
                     * Format: uint64
                     * @description `w`: the window's length; for a calendar quota that of the window at hand.
                     */
                    window_seconds: number;
                }[];
                method: string;
                /** @description The network that the call came from, where that is known: never the whole address. */
                network?: string | null;
                /** @description The gateway that took it. */
                node: string;
                /**
                 * @description What the gateway answers to one call.
                 * @enum {string}
                 */
                outcome: "allowed" | "unauthenticated" | "forbidden" | "rate_limited" | "quota_exceeded";
                /**
                 * Format: uint64
                 * @description How much of the log it rested on.
                 */
                position: number;
                /** @description Null of an allowed call. */
                reason?: ("missing_secret" | "malformed_secret" | "unknown_secret" | "secret_retired" | "key_not_yet_valid" | "key_expired" | "key_revoked" | "key_suspended" | "client_suspended" | "client_archived" | "wrong_environment" | "address_not_allowed" | "bad_path" | "unknown_route" | "missing_scope" | "rate_limited" | "quota_exceeded" | "stale_configuration" | "key_quarantined" | "quota_unavailable") | null;
                /** Format: uint64 */
                retry_after_seconds?: number | null;
                /** @description Null where the call did not come as far as its route, or none matched. */
                route_id?: string | null;
                /** Format: uint32 */
                secret_version?: number | null;
                /** @description Whether the configuration was older than allowed. */
                stale: boolean;
            }[];
            /** @description How many decisions of that time, whatever else is asked for, were too many at once to be kept. */
            left_out: {
                /**
                 * Format: uint64
                 * @description About holders of a genuine secret.
                 */
                proven: number;
                /**
                 * Format: uint64
                 * @description About those who had none.
                 */
                unproven: number;
            };
            /** @description Give it as `cursor` for the next page; null on the last one. */
            next_cursor?: string | null;
        };
        /** @description One message on its way to one recipient. */
        Delivery: {
            /**
             * @description By e-mail, shown to holders of `client.read`; null once erased.
             * @example desk@example.com
             */
            address?: string | null;
            /**
             * Format: int32
             * @description Tries that were made.
             */
            attempts: number;
            /** @enum {string} */
            channel: "webhook" | "email";
            client_id?: string | null;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When it is tried next; null once it has ended.
             */
            due_at?: string | null;
            /** Format: date-time */
            ended_at?: string | null;
            id: string;
            /** @enum {string} */
            kind: "event" | "notice" | "verify" | "test" | "digest";
            /**
             * @description Of the last try: why it failed.
             * @example outbound_connection_failed
             */
            last_error?: string | null;
            /**
             * Format: int32
             * @description Of the last try: the status of the answer.
             */
            last_status?: number | null;
            /** @description What the receiver knows it by: the same each time that it is sent. */
            message_id: string;
            /**
             * Format: int64
             * @description Of the event in the log that it is of, or was found at.
             */
            position?: number | null;
            /**
             * Format: int64
             * @description Counts what is told of the subject.
             */
            sequence: number;
            /** @enum {string} */
            state: "pending" | "held" | "gathered" | "delivered" | "dead" | "cancelled";
            /**
             * @description What it is about.
             * @example key_01jx3v6k9q8z7m5n4p3r2s1t0v
             */
            subject: string;
            /** @example api_key.revoked */
            type: string;
            /** @description Null by e-mail. */
            webhook_id?: string | null;
        };
        /** @description One try. */
        DeliveryAttempt: {
            /**
             * @description At most the first kilobyte of it.
             * @example ok
             */
            answer?: string | null;
            /** Format: date-time */
            at: string;
            /** @example outbound_connection_failed */
            error?: string | null;
            /** Format: int64 */
            latency_ms?: number | null;
            /**
             * Format: int32
             * @description Counts from 1.
             */
            number: number;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "dead" | "held" | "late";
            /**
             * Format: int32
             * @description Of the answer, where there was one.
             */
            status?: number | null;
        };
        /** @description A delivery with every try. */
        DeliveryWithTries: components["schemas"]["Delivery"] & {
            /** @description In their order. */
            tries: components["schemas"]["DeliveryAttempt"][];
        };
        /** @description A problem as RFC 9457 has it, with a code that programs match on. */
        DoorProblem: {
            /**
             * @description For programs; never changed once released.
             * @example rate_limited
             */
            code: string;
            /**
             * @description Names the decision, where there was one.
             * @example dec_01k2m3n4p5q6r7s8t9v0w1x2y3
             */
            decision_id?: string | null;
            /** @description For people. */
            detail: string;
            /**
             * @description The field of the body that is wrong, as a JSON pointer.
             * @example /cost
             */
            pointer?: string | null;
            /**
             * Format: int32
             * @example 429
             */
            status: number;
            /** @example Rate limited */
            title: string;
            /** @description Names the kind of problem: `/problems/<code>`. */
            type: string;
        };
        /** @description What a write would do. Nothing is on record of it, not even its `Idempotency-Key`. */
        DryRun: {
            /** @description Whether the write would wait for a second person. */
            approval_required: boolean;
            blast_radius: components["schemas"]["BlastRadius"];
            /** @description Always `true`. */
            dry_run: boolean;
            /** @description In the order in which they would be appended. */
            events: components["schemas"]["RehearsedEvent"][];
            /**
             * Format: int64
             * @description The version that the write would make. `ETag` is the one that it was decided on.
             */
            version: number;
            /** @description What is worth knowing before the write is given. */
            warnings: components["schemas"]["Warning"][];
        };
        /** @description What applies, with whatever was weighed for it. */
        EffectivePolicy: {
            /** Format: date-time */
            at: string;
            candidates: {
                /**
                 * Format: uint64
                 * @description Where the log says so.
                 */
                assigned_at: number;
                assignment_id: string;
                client_id?: string | null;
                environment?: string | null;
                /** @enum {string} */
                fate: "won" | "not_open_yet" | "over" | "policy_retired" | "other_client" | "other_route" | "other_environment" | "less_specific" | "made_earlier";
                /** Format: date-time */
                from?: string | null;
                /**
                 * @description Which kind of limit.
                 * @enum {string}
                 */
                kind: "rate" | "quota";
                /** @enum {string} */
                mode: "enforce" | "shadow";
                policy_id: string;
                /**
                 * Format: uint32
                 * @description 0 of a policy that was never defined.
                 */
                policy_revision: number;
                route_id?: string | null;
                /** @enum {string} */
                specificity: "client_and_route" | "client" | "route" | "default";
                /** @description The assignment that goes before this one. */
                than?: string | null;
                /** Format: date-time */
                until?: string | null;
            }[];
            /** Format: uint64 */
            candidates_left_out: number;
            /** @description The events that made the assignments in force and those that follow them. */
            events: {
                /** @description What it set: an `assignment` or a `policy` of the limits, or the `cause` of a refusal; a `reset` of a limit. */
                about: string;
                actor: string;
                /** @description Such as `rate_limit_policy.revised`. */
                event_type: string;
                /** Format: date-time */
                occurred_at: string;
                /**
                 * Format: uint64
                 * @description Its place in the audit log.
                 */
                position: number;
                reason?: string | null;
                /** @description The thing that it changed. */
                subject_id: string;
            }[];
            in_force: {
                /**
                 * Format: date-time
                 * @description The first moment at which another applies, or none: because this one ends or a more specific one begins.
                 */
                changes_at?: string | null;
                /** @enum {string} */
                counting: "client" | "key" | "shared";
                /** @description What applies from then on. */
                then?: {
                    /**
                     * Format: uint64
                     * @description Where the log says so.
                     */
                    assigned_at: number;
                    assignment_id: string;
                    client_id?: string | null;
                    environment?: string | null;
                    /** @enum {string} */
                    fate: "won" | "not_open_yet" | "over" | "policy_retired" | "other_client" | "other_route" | "other_environment" | "less_specific" | "made_earlier";
                    /** Format: date-time */
                    from?: string | null;
                    /**
                     * @description Which kind of limit.
                     * @enum {string}
                     */
                    kind: "rate" | "quota";
                    /** @enum {string} */
                    mode: "enforce" | "shadow";
                    policy_id: string;
                    /**
                     * Format: uint32
                     * @description 0 of a policy that was never defined.
                     */
                    policy_revision: number;
                    route_id?: string | null;
                    /** @enum {string} */
                    specificity: "client_and_route" | "client" | "route" | "default";
                    /** @description The assignment that goes before this one. */
                    than?: string | null;
                    /** Format: date-time */
                    until?: string | null;
                } | null;
                /** @description An assignment that might apply to a call, for one kind of limit. */
                winner: {
                    /**
                     * Format: uint64
                     * @description Where the log says so.
                     */
                    assigned_at: number;
                    assignment_id: string;
                    client_id?: string | null;
                    environment?: string | null;
                    /** @enum {string} */
                    fate: "won" | "not_open_yet" | "over" | "policy_retired" | "other_client" | "other_route" | "other_environment" | "less_specific" | "made_earlier";
                    /** Format: date-time */
                    from?: string | null;
                    /**
                     * @description Which kind of limit.
                     * @enum {string}
                     */
                    kind: "rate" | "quota";
                    /** @enum {string} */
                    mode: "enforce" | "shadow";
                    policy_id: string;
                    /**
                     * Format: uint32
                     * @description 0 of a policy that was never defined.
                     */
                    policy_revision: number;
                    route_id?: string | null;
                    /** @enum {string} */
                    specificity: "client_and_route" | "client" | "route" | "default";
                    /** @description The assignment that goes before this one. */
                    than?: string | null;
                    /** Format: date-time */
                    until?: string | null;
                };
            }[];
            /**
             * Format: uint64
             * @description The contiguous place of an event in the log, from 1; 0 is before the first.
             */
            position: number;
        };
        /** @description A rule that is none any more. */
        EndedApprovalRule: {
            /** @description Always `true`. */
            ended: boolean;
            id: string;
        };
        /** @description One endpoint: a route, or all paths that no route matched. */
        EndpointItem: {
            /** Format: int64 */
            allowed: number;
            answers: components["schemas"]["AnswerCounts"];
            /**
             * Format: int64
             * @description Distinct clients with a genuine secret.
             */
            clients: number;
            /** Format: int64 */
            forbidden: number;
            name?: string | null;
            /** Format: int64 */
            quota_exceeded: number;
            /** Format: int64 */
            rate_limited: number;
            route_id?: string | null;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unauthenticated: number;
        };
        /** @description What is gone. */
        Erasure: {
            /** @description Whether none are left. An erasure takes at most 5,000 values: ask again until none are. */
            complete: boolean;
            id: string;
            /**
             * Format: int64
             * @description How many values were erased, one for each event that they stood in.
             */
            values: number;
        };
        EventActor: {
            /** @example prn_01jx3v6k9q8z7m5n4p3r2s1t0v */
            id: string;
            /** @enum {string} */
            kind: "person" | "service_account" | "system";
        };
        /** @description What is posted of an event, byte for byte the same but for the white space. */
        EventMessage: {
            actor: components["schemas"]["EventActor"];
            client_id?: string | null;
            /** @description The event as the audit log shows it, without personal values. See `schemas/webhooks`. */
            data: Record<string, never>;
            environment?: string | null;
            id: string;
            /** Format: int64 */
            position: number;
            /**
             * Format: int64
             * @description Counts the events of the subject, without a hole.
             */
            sequence: number;
            subject: components["schemas"]["EventSubject"];
            /** Format: date-time */
            timestamp: string;
            /** @example api_key.revoked */
            type: string;
        };
        EventSubject: {
            /** @example key_01jx3v6k9q8z7m5n4p3r2s1t0v */
            id: string;
            /** @example api_key */
            type: string;
        };
        /** @description What would be decided, step by step, and who set what it rests on. */
        Explained: {
            /** Format: date-time */
            at: string;
            /** @description None when nobody was found. */
            caller?: {
                /**
                 * @description Whether a client may hold and use keys.
                 * @enum {string}
                 */
                client: "absent" | "active" | "suspended" | "archived";
                client_id?: string | null;
                /** @description Where the client may call. */
                environments: string[];
                /** @description None where only a client was named. */
                key?: {
                    /** @description Empty: from anywhere. */
                    allowed_cidrs: string[];
                    environment?: string | null;
                    /** Format: date-time */
                    expires_at?: string | null;
                    key_id: string;
                    /** Format: date-time */
                    not_before?: string | null;
                    /**
                     * Format: date-time
                     * @description Of a version that was rotated away: when it stops.
                     */
                    retired_at?: string | null;
                    /**
                     * Format: date-time
                     * @description A revocation that is on record for later.
                     */
                    revoke_at?: string | null;
                    /** Format: uint32 */
                    secret_version: number;
                    /** @description `active`, `suspended`, `revoked` or `expired`. */
                    standing: string;
                } | null;
            } | null;
            /** @description Every assignment that was weighed for the call, and some that bind others, by kind of limit. */
            candidates: {
                /**
                 * Format: uint64
                 * @description Where the log says so.
                 */
                assigned_at: number;
                assignment_id: string;
                client_id?: string | null;
                environment?: string | null;
                /** @enum {string} */
                fate: "won" | "not_open_yet" | "over" | "policy_retired" | "other_client" | "other_route" | "other_environment" | "less_specific" | "made_earlier";
                /** Format: date-time */
                from?: string | null;
                /**
                 * @description Which kind of limit.
                 * @enum {string}
                 */
                kind: "rate" | "quota";
                /** @enum {string} */
                mode: "enforce" | "shadow";
                policy_id: string;
                /**
                 * Format: uint32
                 * @description 0 of a policy that was never defined.
                 */
                policy_revision: number;
                route_id?: string | null;
                /** @enum {string} */
                specificity: "client_and_route" | "client" | "route" | "default";
                /** @description The assignment that goes before this one. */
                than?: string | null;
                /** Format: date-time */
                until?: string | null;
            }[];
            /**
             * Format: uint64
             * @description How many of the latter are not listed.
             */
            candidates_left_out: number;
            /** @description In the order they are made; the first that fails decides. */
            checks: {
                /** @enum {string} */
                check: "secret" | "lifetime" | "standing" | "configuration" | "environment" | "address" | "route" | "scopes" | "limits";
                /** @enum {string} */
                outcome: "passed" | "failed" | "assumed" | "not_reached";
                /** @description Of the one that failed. */
                reason?: ("missing_secret" | "malformed_secret" | "unknown_secret" | "secret_retired" | "key_not_yet_valid" | "key_expired" | "key_revoked" | "key_suspended" | "client_suspended" | "client_archived" | "wrong_environment" | "address_not_allowed" | "bad_path" | "unknown_route" | "missing_scope" | "rate_limited" | "quota_exceeded" | "stale_configuration" | "key_quarantined" | "quota_unavailable") | null;
            }[];
            /**
             * Format: uint64
             * @description What the call takes from each limit.
             */
            cost?: number | null;
            /** @description Whether the counters are those of a gateway that judges calls; if none answered, limits stand as if nothing were used. */
            counted: boolean;
            environment: string;
            /** @description The events that set the limits' assignments and their policies' revisions, and the cause of a refusal. */
            events: {
                /** @description What it set: an `assignment` or a `policy` of the limits, or the `cause` of a refusal; a `reset` of a limit. */
                about: string;
                actor: string;
                /** @description Such as `rate_limit_policy.revised`. */
                event_type: string;
                /** Format: date-time */
                occurred_at: string;
                /**
                 * Format: uint64
                 * @description Its place in the audit log.
                 */
                position: number;
                reason?: string | null;
                /** @description The thing that it changed. */
                subject_id: string;
            }[];
            /** @description Where each limit would stand after the call. */
            limits: {
                /**
                 * Format: uint64
                 * @description Where the log says that the assignment was made.
                 */
                assigned_at: number;
                assignment_id: string;
                /**
                 * @description Which kind of limit.
                 * @enum {string}
                 */
                kind: "rate" | "quota";
                /** @enum {string} */
                mode: "enforce" | "shadow";
                name: string;
                policy_id: string;
                /** Format: uint32 */
                policy_revision: number;
                /** @description Whether it refused the call, or would have, in shadow. */
                refused: boolean;
                /**
                 * Format: uint64
                 * @description `r`: what is left. Of a rate, what is left in the bucket, which may be larger than `requests`.
                 */
                remaining: number;
                /**
                 * Format: uint64
                 * @description `q`: what the policy grants per window.
                 */
                requests: number;
                /**
                 * Format: uint64
                 * @description `t`: until all of it is there again.
                 */
                reset_seconds: number;
                /**
                 * Format: uint64
                 * @description `w`: the window's length; for a calendar quota that of the window at hand.
                 */
                window_seconds: number;
            }[];
            /** @description Whose configuration and counters these are. */
            node: string;
            /**
             * @description What the gateway answers to one call.
             * @enum {string}
             */
            outcome: "allowed" | "unauthenticated" | "forbidden" | "rate_limited" | "quota_exceeded";
            /**
             * Format: uint64
             * @description How much of the log it rests on.
             */
            position: number;
            /** @description None when the call would be allowed. */
            reason?: ("missing_secret" | "malformed_secret" | "unknown_secret" | "secret_retired" | "key_not_yet_valid" | "key_expired" | "key_revoked" | "key_suspended" | "client_suspended" | "client_archived" | "wrong_environment" | "address_not_allowed" | "bad_path" | "unknown_route" | "missing_scope" | "rate_limited" | "quota_exceeded" | "stale_configuration" | "key_quarantined" | "quota_unavailable") | null;
            /**
             * Format: uint64
             * @description Only of a call that a limit would refuse.
             */
            retry_after_seconds?: number | null;
            route_id?: string | null;
            /** @description Every route whose template fits the path, the one that takes the call first. */
            routes: {
                /** @enum {string} */
                fate: "won" | "other_method" | "other_host" | "defined_later" | "less_specific_template" | "less_specific_host";
                route_id: string;
            }[];
            /** @description None before a caller and a route were found. */
            scopes?: {
                held: string[];
                missing: string[];
                /** @description By the route. */
                required: string[];
            } | null;
            stale: boolean;
        };
        /** @description A decision, and who set what it rested on. */
        ExplainedDecision: {
            /** Format: date-time */
            at: string;
            /** @description Like the next two: null where the secret was not genuine. */
            client_id?: string | null;
            environment: string;
            /** @description The events that had set the limits' assignments and their policies' revisions, and the cause of a refusal. */
            events: {
                /** @description What it set: an `assignment` or a `policy` of the limits, or the `cause` of a refusal; a `reset` of a limit. */
                about: string;
                actor: string;
                /** @description Such as `rate_limit_policy.revised`. */
                event_type: string;
                /** Format: date-time */
                occurred_at: string;
                /**
                 * Format: uint64
                 * @description Its place in the audit log.
                 */
                position: number;
                reason?: string | null;
                /** @description The thing that it changed. */
                subject_id: string;
            }[];
            id: string;
            key_id?: string | null;
            /** @description Every limit that was looked at, as the decision left it. */
            limits: {
                /**
                 * Format: uint64
                 * @description Where the log says that the assignment was made.
                 */
                assigned_at: number;
                assignment_id: string;
                /**
                 * @description Which kind of limit.
                 * @enum {string}
                 */
                kind: "rate" | "quota";
                /** @enum {string} */
                mode: "enforce" | "shadow";
                name: string;
                policy_id: string;
                /** Format: uint32 */
                policy_revision: number;
                /** @description Whether it refused the call, or would have, in shadow. */
                refused: boolean;
                /**
                 * Format: uint64
                 * @description `r`: what is left. Of a rate, what is left in the bucket, which may be larger than `requests`.
                 */
                remaining: number;
                /**
                 * Format: uint64
                 * @description `q`: what the policy grants per window.
                 */
                requests: number;
                /**
                 * Format: uint64
                 * @description `t`: until all of it is there again.
                 */
                reset_seconds: number;
                /**
                 * Format: uint64
                 * @description `w`: the window's length; for a calendar quota that of the window at hand.
                 */
                window_seconds: number;
            }[];
            method: string;
            /** @description The network that the call came from, where that is known: never the whole address. */
            network?: string | null;
            /** @description The gateway that took it. */
            node: string;
            /**
             * @description What the gateway answers to one call.
             * @enum {string}
             */
            outcome: "allowed" | "unauthenticated" | "forbidden" | "rate_limited" | "quota_exceeded";
            /**
             * Format: uint64
             * @description How much of the log it rested on.
             */
            position: number;
            /** @description Null of an allowed call. */
            reason?: ("missing_secret" | "malformed_secret" | "unknown_secret" | "secret_retired" | "key_not_yet_valid" | "key_expired" | "key_revoked" | "key_suspended" | "client_suspended" | "client_archived" | "wrong_environment" | "address_not_allowed" | "bad_path" | "unknown_route" | "missing_scope" | "rate_limited" | "quota_exceeded" | "stale_configuration" | "key_quarantined" | "quota_unavailable") | null;
            /** Format: uint64 */
            retry_after_seconds?: number | null;
            /** @description Null where the call did not come as far as its route, or none matched. */
            route_id?: string | null;
            /** Format: uint32 */
            secret_version?: number | null;
            /** @description Whether the configuration was older than allowed. */
            stale: boolean;
        };
        /** @description How long the old secret of a rotation is to live; one of the two. */
        Extension: {
            /**
             * Format: int32
             * @description Counted from the rotation.
             */
            overlap_seconds?: number | null;
            reason: string;
            /** Format: date-time */
            until?: string | null;
        };
        /** @description One field of a route. */
        FieldChange: {
            field: string;
            from: Record<string, never>;
            to: Record<string, never>;
        };
        /** @description What contradicts itself in a policy and its assignments. */
        Findings: {
            /** @description Those about limits first, then costs, then assignments in their order. */
            items: components["schemas"]["Warning"][];
        };
        FoundSecret: {
            /** @example key_01jx3v6k9q8z7m5n4p3r2s1t0v */
            id: string;
            /**
             * Format: int32
             * @description Which of theirs, counted from 1; null of one that stands in the settings.
             */
            secret_version?: number | null;
            /**
             * @description `api_key` or `principal`.
             * @example api_key
             */
            type: string;
        };
        /** @description A node that judges calls, or did. */
        GatewayNode: {
            /** @description Names the run of the node. */
            boot: string;
            /** @example prod */
            environment: string;
            /** Format: date-time */
            heard_at: string;
            /**
             * Format: int64
             * @description How many events it does not have yet.
             */
            lag_events: number;
            /**
             * Format: double
             * @description For how long it has not had all; 0 where it has.
             */
            lag_seconds: number;
            /** @example gateway-1 */
            node: string;
            /**
             * Format: int64
             * @description The last event that is in force there.
             */
            position: number;
            /** @description Whether it says that its configuration is too old. */
            stale: boolean;
            state: components["schemas"]["NodeState"];
        };
        /** @description The nodes that this instance has heard of late. */
        GatewayNodes: {
            /**
             * Format: int64
             * @description The last position of the log.
             */
            head: number;
            /** @description By environment and name; at most 1,000. */
            items: components["schemas"]["GatewayNode"][];
        };
        GenericReport: {
            /** @description In what, such as `commit` or `paste`. */
            source?: string | null;
            token: string;
            /** @description Where it was found. */
            url?: string | null;
        };
        /** @description Secrets that somebody has found. */
        GenericReports: {
            tokens: components["schemas"]["GenericReport"][];
        };
        GenericVerdict: {
            /** @description `true_positive` where it is or was a secret of ours, `false_positive` otherwise. */
            label: string;
            /** @description SHA-256 of the token in base64. */
            token_hash: string;
        };
        /** @description What was found of them, in their order. */
        GenericVerdicts: {
            results: components["schemas"]["GenericVerdict"][];
        };
        /** @description A secret as GitHub reports it. Fields that GitHub may add are passed over. */
        GithubReport: {
            source?: string | null;
            token: string;
            type: string;
            url?: string | null;
        };
        /** @description What GitHub is told of it. */
        GithubVerdict: {
            /** @description `true_positive` where it is or was a secret of ours, `false_positive` otherwise. */
            label: string;
            /** @description SHA-256 of the token in base64: it is not repeated. */
            token_hash: string;
            token_type: string;
        };
        /** @description A role that somebody holds within a scope. */
        Grant: {
            /** Format: date-time */
            created_at: string;
            id: string;
            principal_id: string;
            reason: string;
            /**
             * @description What a role bundles; a row of [`TABLE`] says who holds a permission.
             * @enum {string}
             */
            role: "viewer" | "auditor" | "operator" | "policy_manager" | "access_admin" | "security_officer" | "admin" | "break_glass" | "gateway";
            /** @description How far a grant goes. Everything is said in so many words: what is left out never means all. */
            scope: {
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            };
            /** @enum {string} */
            status: "given" | "withdrawn";
            /**
             * Format: date-time
             * @description From then on it allows nothing, whatever its status.
             */
            until?: string | null;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the grant's events; its `ETag`.
             */
            version: number;
            withdrawn_because?: string | null;
        };
        /** @description That the process answers. */
        Health: {
            /** @example ok */
            status: string;
        };
        /** @description A role in a scope. */
        HeldGrant: {
            /**
             * @description What an event that it allows says of it.
             * @example role:admin
             */
            allowed_by: string;
            /** @description Null where the installation itself gives it, or a broken glass. */
            id?: string | null;
            /**
             * @description What a role bundles; a row of [`TABLE`] says who holds a permission.
             * @enum {string}
             */
            role: "viewer" | "auditor" | "operator" | "policy_manager" | "access_admin" | "security_officer" | "admin" | "break_glass" | "gateway";
            /** @description How far a grant goes. Everything is said in so many words: what is left out never means all. */
            scope: {
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            };
            /** Format: date-time */
            until?: string | null;
        };
        /** @description A key that may still be used and perhaps should not be. */
        HygieneKey: {
            client_id: string;
            client_name: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description The earlier of expiry and planned revocation.
             */
            ends_at?: string | null;
            environment: string;
            /** Format: date-time */
            expires_at?: string | null;
            key_id: string;
            /**
             * Format: date-time
             * @description The latest use of any of its secrets.
             */
            last_used_at?: string | null;
            name: string;
            /**
             * @description Why nobody looks after it: `client_archived`, `owner_erased`, `no_contact`; empty where somebody does.
             * @example [
             *       "no_contact"
             *     ]
             */
            orphaned_because: string[];
            owner_team: string;
            /** @enum {string} */
            status: "active" | "suspended" | "revoked" | "expired";
        };
        /** @description How an identity provider knows a person. */
        Identity: {
            issuer: string;
            subject?: string | null;
        };
        /** @description A policy that binds nobody. */
        IdlePolicy: {
            /**
             * Format: int64
             * @description None of which can bind a call any more.
             */
            assignments: number;
            /** Format: date-time */
            created_at: string;
            name: string;
            policy_id: string;
            /** Format: int32 */
            revision: number;
        };
        ImportCounts: {
            added: number;
            changed: number;
            /** @description Active routes at the document's hosts and below its base path that it does not name. */
            missing: number;
            /** @description Operations that no route can stand for. */
            refused: number;
            unchanged: number;
        };
        /** @description One operation, or one route that is missing in the document. */
        ImportItem: {
            change: string;
            changes: components["schemas"]["FieldChange"][];
            /** @description Why it was refused or failed: for programs, and for people. */
            code?: string | null;
            deprecated: boolean;
            hosts: string[];
            message?: string | null;
            method: string;
            operation_id?: string | null;
            /**
             * @description Of an import that is applied: `applied`, `failed`, or `not_attempted` after another failed; null where nothing
             *     was to be done.
             */
            outcome?: string | null;
            path: string;
            /** @description Where the operation stands in the document (RFC 6901). */
            pointer?: string | null;
            /** @description The route that there is, or that was made. */
            route_id?: string | null;
        };
        /** @description What would become of an upload. */
        ImportPreview: {
            /**
             * Format: int32
             * @description Keys that would be made.
             */
            applied: number;
            /** @description The first rows that would be refused. */
            refusals: components["schemas"]["RowRefusal"][];
            /** Format: int32 */
            refused: number;
            rows: number;
            /**
             * Format: int32
             * @description Rows whose keys are there already.
             */
            unchanged: number;
        };
        /** @description What a document changes, or would. */
        ImportReport: {
            /** @description Whether everything was done that was to be. Of a plan always true. */
            complete: boolean;
            counts: components["schemas"]["ImportCounts"];
            /** @description SHA-256 of the document; the reason of each change names it. */
            document: string;
            /** @description The operations by path and method, then the routes that the document does not name. */
            items: components["schemas"]["ImportItem"][];
            /** @description `plan` or `apply`. */
            mode: string;
        };
        /** @description That an event is in the log (RFC 6962 §2.1.1). The first hash stands beside the leaf; the last makes the root. */
        InclusionProof: {
            /** @description The newest signed note. Where it is of another size, ask for the consistency of both. */
            checkpoint: string;
            /**
             * @example [
             *       "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"
             *     ]
             */
            hashes: string[];
            /**
             * @description SHA-256 over a zero byte and the audited bytes, in hexadecimal as all hashes here.
             * @example 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
             */
            leaf_hash: string;
            /** Format: int64 */
            position: number;
            /**
             * @description What leaf and hashes come to: the root of the log of that size.
             * @example 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
             */
            root: string;
            /** Format: int64 */
            size: number;
        };
        Key: {
            /** @description Empty: from anywhere. */
            allowed_cidrs: string[];
            client_id: string;
            /** Format: date-time */
            created_at: string;
            environment: string;
            /** Format: date-time */
            expires_at?: string | null;
            /** @description The last characters of the newest secret, for people who compare: `…x7Qa`. */
            hint: string;
            id: string;
            /**
             * Format: date-time
             * @description The latest use of any of its secrets.
             */
            last_used_at?: string | null;
            name: string;
            /** Format: date-time */
            not_before?: string | null;
            origin?: components["schemas"]["KeyOrigin"] | null;
            previous?: components["schemas"]["PreviousSecret"] | null;
            quarantine?: components["schemas"]["KeyQuarantine"] | null;
            /**
             * Format: date-time
             * @description When a planned revocation takes effect; when it took effect, once revoked.
             */
            revoke_at?: string | null;
            /** @description Null: whatever the client holds, now and later. Empty: nothing. */
            scopes?: string[] | null;
            /**
             * Format: int32
             * @description Counts the secrets over rotations, from 1.
             */
            secret_version: number;
            /**
             * @description As recorded: an expiry that has passed is on record shortly after. The gateway does not wait for it.
             * @enum {string}
             */
            status: "active" | "suspended" | "revoked" | "expired";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the key's events; its `ETag`.
             */
            version: number;
        };
        /** @description Which keys: all of what is given must fit. A key that has ended is never among them. */
        KeyFilterBody: {
            client_id?: string | null;
            environment?: string | null;
            /** Format: date-time */
            issued_before?: string | null;
            /** @description Of the client: each must have this value. */
            labels?: {
                [key: string]: string;
            };
            /** @description The team that owns the client. */
            owner_team?: string | null;
            /** @description `active` or `suspended`; absent: both. */
            status?: ("active" | "suspended" | "revoked" | "expired") | null;
            /**
             * Format: date-time
             * @description Keys that were issued before it and not used since.
             */
            unused_since?: string | null;
        };
        KeyOrigin: {
            /** @description The key's name there. */
            external_id: string;
            source: string;
        };
        KeyQuarantine: {
            leak_id: string;
            /**
             * Format: int32
             * @description This secret and those before it open little, and only to where they were used from before; later ones are free.
             */
            secret_version: number;
            /** Format: date-time */
            since: string;
        };
        /** @description A key with its newest secret. */
        KeyWithSecret: {
            key: components["schemas"]["Key"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            secret?: string | null;
        };
        Leak: {
            /**
             * @description What became of the key.
             * @enum {string}
             */
            action: "revoked" | "quarantined" | "none";
            client_id?: string | null;
            id: string;
            key_id: string;
            /**
             * Format: int64
             * @description Of its entry in the audit log.
             */
            position: number;
            /**
             * @description Through which door it came.
             * @enum {string}
             */
            receiver: "github" | "generic";
            /**
             * Format: date-time
             * @description The first time.
             */
            reported_at: string;
            /**
             * Format: int32
             * @description The one that was found.
             */
            secret_version: number;
            /** @description Where the finder says it was found, such as `commit`. */
            source?: string | null;
            /** @description Somebody else's words: follow it with care. */
            url?: string | null;
        };
        /** @description What a policy limits: at least one rate limit or quota. */
        LimitsToSimulate: {
            /** @description Whose calls share one counter. `shared` counts the calls of all whom it binds, and so asks for a grant over everything. */
            counting?: ("client" | "key" | "shared") | null;
            /** @description At most 8. */
            quotas?: components["schemas"]["NewQuota"][] | null;
            /** @description At most 8. */
            rates?: components["schemas"]["NewRate"][] | null;
        };
        /** @description A name that the log was signed under. */
        LogIdentity: {
            /** @description The name that was signed before and is not continued, and how many events it was signed for. */
            abandoned_origin?: string | null;
            /** Format: int64 */
            abandoned_size?: number | null;
            /** Format: date-time */
            made_at: string;
            /** Format: int32 */
            number: number;
            /** @example tollgate/8f14e45fceea167a5a36 */
            origin: string;
            reason: string;
        };
        /** @description An address that mail does not reach. */
        MailAddress: {
            /**
             * @description In lower case. Null where the caller may not see whose it is: that takes `client.read`.
             * @example ada@example.com
             */
            address?: string | null;
            /**
             * Format: date-time
             * @description Nothing is sent there before.
             */
            avoided_until: string;
            /** Format: date-time */
            marked_at: string;
            /**
             * @description What the mail server answered, or whoever marked it said.
             * @example 550 5.1.1 no such user
             */
            reason: string;
        };
        /** @description How many addresses it has changed something for. */
        MarkedAddresses: {
            addresses: number;
        };
        MatchedKey: {
            /** Format: int64 */
            calls_24h: number;
            client_id: string;
            environment: string;
            id: string;
            /** Format: date-time */
            last_used_at?: string | null;
            name: string;
            /** @enum {string} */
            status: "active" | "suspended" | "revoked" | "expired";
        };
        /** @description A rule to be. */
        NewApprovalRule: {
            /** @description Absent: everywhere. What names no environment, as routes, policies and principals, lies in every one. */
            environment?: string | null;
            /**
             * @description What acts, and can wait.
             * @enum {string}
             */
            permission: "client.read" | "client.write" | "client.suspend" | "key.read" | "key.issue" | "key.rotate" | "key.suspend" | "key.revoke" | "key.import" | "route.read" | "route.write" | "policy.read" | "policy.write" | "policy.assign" | "call.verify" | "audit.read" | "audit.export" | "report.read" | "report.export" | "metrics.read" | "gateway.follow" | "projection.operate" | "change.read" | "gateway.read" | "decision.read" | "limit.reset" | "leak.read" | "operation.read" | "principal.read" | "principal.write" | "principal.disable" | "service_account.read" | "service_account.write" | "grant.read" | "grant.write" | "personal.erase" | "break_glass.open" | "approval.read" | "approval.decide" | "approval_rule.write" | "webhook.read" | "webhook.write" | "notification_rule.read" | "notification_rule.write";
            reason: string;
        };
        /** @description Whom a policy is to bind: all of what is given must fit the call; nothing given is the default for everyone. */
        NewAssignment: {
            client_id?: string | null;
            environment?: string | null;
            /**
             * Format: date-time
             * @description Absent: at once.
             */
            from?: string | null;
            route_id?: string | null;
            /**
             * Format: date-time
             * @description Absent: until it is removed.
             */
            until?: string | null;
        };
        /** @description A client to be. */
        NewClient: {
            /** @description At most 20. */
            contacts?: components["schemas"]["NewContact"][];
            /** @description 1 to 16: where its keys may be issued. */
            environments: string[];
            /**
             * @description Whether the client belongs to somebody else or to us.
             * @enum {string}
             */
            kind: "partner" | "internal";
            /** @description At most 32. */
            labels?: {
                [key: string]: string;
            };
            name: string;
            owner: components["schemas"]["NewOwner"];
            /** @description At most 200: the most that its keys can do. */
            scopes?: string[];
        };
        /** @description A person on the client's side. */
        NewContact: {
            /** Format: email */
            email: string;
            name: string;
            /**
             * @description What a contact is to be told about.
             * @enum {string}
             */
            role: "technical" | "billing" | "security";
        };
        /**
         * @description Whose personal values are erased: a person's who may sign in, a client's, or whoever's they are. Values narrow a client's to
         *     those that are equal to one of them; alone they are looked for everywhere.
         */
        NewErasure: {
            client_id?: string | null;
            /** @description Name, e-mail address, identity, and the network addresses of everything they did. Not with the others. */
            principal_id?: string | null;
            reason: string;
            /** @description At most 20, as they were given: `ada@example.com`, `Ada Lovelace`, `192.0.2.7`. */
            values?: string[];
        };
        /** @description A grant to be. */
        NewGrant: {
            principal_id: string;
            reason: string;
            /**
             * @description What a role bundles; a row of [`TABLE`] says who holds a permission.
             * @enum {string}
             */
            role: "viewer" | "auditor" | "operator" | "policy_manager" | "access_admin" | "security_officer" | "admin" | "break_glass" | "gateway";
            scope: ({
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            }) & Record<string, never>;
            /**
             * Format: date-time
             * @description At most ten years ahead; absent: until it is withdrawn.
             */
            until?: string | null;
        };
        /** @description How an identity provider knows a person. */
        NewIdentity: {
            /**
             * @description The provider, as it names itself.
             * @example https://login.example.com
             */
            issuer: string;
            /**
             * @description Its name for the person, which it never gives to another.
             * @example 00u1a2b3c4
             */
            subject: string;
        };
        /** @description A key to be. */
        NewKey: {
            /** @description At most 50; absent or empty: from anywhere. */
            allowed_cidrs?: string[];
            /** @description One that the client may use. */
            environment: string;
            /**
             * Format: date-time
             * @description At most ten years ahead.
             */
            expires_at?: string | null;
            name: string;
            /**
             * Format: date-time
             * @description Absent: at once.
             */
            not_before?: string | null;
            /** @description Of those that the client holds. Absent: whatever the client holds, now and later. Empty: nothing. */
            scopes?: string[] | null;
        };
        /** @description A rule to be. */
        NewNotificationRule: {
            /** @description Everything that is given has to hold; absent: about everything. */
            about?: {
                client_id?: string | null;
                environment?: string | null;
                /** @description What this team owns. */
                team?: string | null;
            };
            cadence?: ({
                /** @enum {string} */
                kind: "immediate";
            } | {
                /**
                 * Format: uint8
                 * @description 0 to 23, of the day in that zone.
                 */
                hour: number;
                /** @enum {string} */
                kind: "digest";
                /** @description Teams that are elsewhere: what is about a client of theirs is told at that hour of their day. At most 50. */
                team_zones?: Record<string, never>;
                /** @description The name of an IANA time zone: `Europe/Berlin`, `UTC`. */
                time_zone: string;
            }) & Record<string, never>;
            /** @description Of keys that expire, in days, 1 to 365, at most 20; absent: 60, 30, 14, 7, 3 and 1. */
            days_before?: number[];
            name: string;
            notices: ("quota_threshold" | "quota_exhausted" | "throttling_spike" | "key_expiring" | "key_expired" | "key_issued" | "key_rotated" | "key_revoked" | "key_suspended" | "key_leaked" | "key_quarantined" | "old_secret_busy" | "client_suspended" | "policy_changed" | "approval_wanted" | "break_glass_opened" | "endpoint_failing" | "endpoint_disabled" | "channel_down" | "checkpoint_alarm")[];
            /** @description 1 to 20. */
            recipients: components["schemas"]["NewRecipient"][];
            /** @description Of quotas, in percent, 1 to 100, at most 20; absent or empty: those of the policy, and 50, 80, 90 and 100 where it has none. */
            thresholds?: number[];
        };
        /** @description Who answers for a client on our side. */
        NewOwner: {
            /** Format: email */
            email: string;
            team: string;
        };
        /** @description Somebody to be let in. */
        NewPerson: {
            /** Format: email */
            email?: string | null;
            identity?: components["schemas"]["NewIdentity"] | null;
            name: string;
        };
        /** @description A policy to be; it needs at least one limit. */
        NewPolicy: {
            /**
             * @description Whose calls share one counter.
             * @enum {string}
             */
            counting?: "client" | "key" | "shared";
            /**
             * @description `shadow`: judged and recorded, never enforced.
             * @enum {string}
             */
            mode?: "enforce" | "shadow";
            name: string;
            /** @description At most 8. */
            quotas?: components["schemas"]["NewQuota"][];
            /** @description At most 8. */
            rates?: components["schemas"]["NewRate"][];
            /** @description At most 10 percentages of a quota at which its use is worth a notice; absent: 80 and 100. */
            thresholds?: number[];
        };
        /** @description Requests per calendar or rolling period. */
        NewQuota: {
            name: string;
            /** @enum {string} */
            period: "minute" | "hour" | "day" | "month" | "year" | "week";
            /** Format: int64 */
            requests: number;
            /**
             * @description The name of an IANA time zone; absent: UTC.
             * @default UTC
             */
            time_zone: string;
            /** @enum {string} */
            window?: "calendar" | "rolling";
        };
        /** @description Requests per short window. */
        NewRate: {
            /**
             * Format: int64
             * @description What may come at once; absent: as many as `requests`.
             */
            burst?: number | null;
            name: string;
            /** Format: int32 */
            per_seconds: number;
            /** Format: int64 */
            requests: number;
        };
        /** @description Who is told. */
        NewRecipient: {
            /** @enum {string} */
            kind: "contacts";
            role?: ("technical" | "billing" | "security") | null;
        } | {
            /** @enum {string} */
            kind: "owner";
        } | {
            /**
             * Format: email
             * @example desk@example.com
             */
            address: string;
            /** @enum {string} */
            kind: "address";
        } | {
            /** @enum {string} */
            kind: "named";
        } | {
            /** @enum {string} */
            kind: "webhook";
            webhook_id: string;
        };
        /** @description Which report, and how it is written. */
        NewReportExport: {
            client_id?: string | null;
            environment?: string | null;
            /**
             * @description How a file is written.
             * @enum {string}
             */
            format: "csv" | "parquet";
            /**
             * Format: date-time
             * @description As in the report; absent: a day before `until`.
             */
            from?: string | null;
            /** @description Absent: `hour`. */
            granularity?: ("minute" | "quarter" | "hour" | "day" | "week" | "month" | "total") | null;
            /** @description What calls are told apart by. */
            group_by?: ("owner_team" | "client" | "key" | "secret_version" | "route" | "environment")[];
            key_id?: string | null;
            /** @description The team that owns the client when the report is written. */
            owner_team?: string | null;
            /**
             * @description Which report.
             * @enum {string}
             */
            report: "usage";
            route_id?: string | null;
            /** Format: int32 */
            secret_version?: number | null;
            /**
             * @description An IANA name. Absent: `UTC`.
             * @example Europe/Berlin
             */
            time_zone?: string | null;
            /**
             * Format: date-time
             * @description Absent: now.
             */
            until?: string | null;
        };
        /**
         * @description Whose use of which limit is given back. A limit that is counted by client takes `client_id`, one that is counted by key
         *     `key_id`, one that all share neither.
         */
        NewReset: {
            client_id?: string | null;
            /** @description Absent: every environment. */
            environment?: string | null;
            key_id?: string | null;
            limit: string;
            policy_id: string;
            reason: string;
        };
        /** @description A route to be. */
        NewRoute: {
            /**
             * Format: int32
             * @description What one call takes from every limit.
             * @default 1
             */
            cost: number;
            /**
             * @description Where a trusted proxy may say that a call costs something else. Gateways believe it where they are told to
             *     (`trust_cost_headers`) and nobody else.
             */
            cost_from_header?: {
                /**
                 * Format: uint32
                 * @description No call costs more, and one whose cost cannot be read costs this: from the route's own cost to 1,000.
                 */
                max: number;
                name: string;
            } | null;
            /** @description One host. Absent, and no `hosts` either: any host. */
            host?: string | null;
            /** @description Several, in place of `host`: at most 20. `*.example.com` stands for every host with one label more. */
            hosts?: string[] | null;
            /** @description 1 to 16. */
            methods: string[];
            name: string;
            /** @description `{name}` stands for one segment, `{*name}` for all that follow. */
            path: string;
            /** @description At most 20, all of which a call needs. */
            required_scopes?: string[];
        };
        /** @description A change, and when it is to happen and to end; one of the two must be given. */
        NewScheduledChange: {
            /**
             * Format: date-time
             * @description A time ahead, at most ten years; absent: now.
             */
            at?: string | null;
            change: components["schemas"]["PlannedChange"];
            reason: string;
            /**
             * Format: date-time
             * @description When it is undone; absent: it stays.
             */
            until?: string | null;
        };
        /** @description A service account to be. */
        NewServiceAccount: {
            /**
             * Format: date-time
             * @description When its first token stops: at most 365 days ahead. Absent: in 90 days.
             */
            expires_at?: string | null;
            name: string;
            /** @description The team that answers for it. */
            team: string;
        };
        /** @description A webhook to be. */
        NewWebhook: {
            /** @description Types, `api_key.revoked`, all of a kind, `api_key.*`, or `*`; notices too: `notice.key_expiring`. 1 to 50. */
            events: string[];
            name: string;
            scope: ({
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            }) & Record<string, never>;
            /** @description `https`, at an address of the public network, unless the operator has opened more. */
            url: string;
        };
        /** @description What one node said. */
        NodeReceipt: {
            /**
             * Format: int64
             * @description How long after the write was on record it was known to have applied it; null while it is not.
             */
            applied_ms?: number | null;
            /** @description Names the run of the node. */
            boot: string;
            environment: string;
            node: string;
            /**
             * Format: int64
             * @description The last that it is known to have applied.
             */
            position: number;
            state: components["schemas"]["NodeState"];
        };
        /**
         * @description Whether a node judges calls: `live`, `silent` (not heard for two seconds), or `left` (it said so).
         * @enum {string}
         */
        NodeState: "live" | "silent" | "left";
        /** @description What is told, about what, to whom. */
        NotificationRule: {
            /** @description About what: everything that is given has to hold. With nothing given it is about everything. */
            about: {
                client_id?: string | null;
                environment?: string | null;
                /** @description What this team owns. */
                team?: string | null;
            };
            /** @description When it is told by e-mail. Webhooks are told at once. */
            cadence: {
                /** @enum {string} */
                kind: "immediate";
            } | {
                /**
                 * Format: uint8
                 * @description 0 to 23, of the day in that zone.
                 */
                hour: number;
                /** @enum {string} */
                kind: "digest";
                /** @description Teams that are elsewhere: what is about a client of theirs is told at that hour of their day. At most 50. */
                team_zones?: Record<string, never>;
                /** @description The name of an IANA time zone: `Europe/Berlin`, `UTC`. */
                time_zone: string;
            };
            /** Format: date-time */
            created_at: string;
            /** @description Of keys that expire. */
            days_before: number[];
            id: string;
            name: string;
            notices: ("quota_threshold" | "quota_exhausted" | "throttling_spike" | "key_expiring" | "key_expired" | "key_issued" | "key_rotated" | "key_revoked" | "key_suspended" | "key_leaked" | "key_quarantined" | "old_secret_busy" | "client_suspended" | "policy_changed" | "approval_wanted" | "break_glass_opened" | "endpoint_failing" | "endpoint_disabled" | "channel_down" | "checkpoint_alarm")[];
            recipients: components["schemas"]["Recipient"][];
            /** @enum {string} */
            status: "in_force" | "ended";
            /** @description Of quotas, in percent. */
            thresholds: number[];
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the rule's events; its `ETag`.
             */
            version: number;
        };
        /** @description What is to change of a rule: what is absent stays, `null` is what it is when nobody says. */
        NotificationRulePatch: {
            /** @description Whole. */
            about?: {
                client_id?: string | null;
                environment?: string | null;
                /** @description What this team owns. */
                team?: string | null;
            } | null;
            cadence?: ({
                /** @enum {string} */
                kind: "immediate";
            } | {
                /**
                 * Format: uint8
                 * @description 0 to 23, of the day in that zone.
                 */
                hour: number;
                /** @enum {string} */
                kind: "digest";
                /** @description Teams that are elsewhere: what is about a client of theirs is told at that hour of their day. At most 50. */
                team_zones?: Record<string, never>;
                /** @description The name of an IANA time zone: `Europe/Berlin`, `UTC`. */
                time_zone: string;
            }) | null;
            /** @description The whole new set. */
            days_before?: number[] | null;
            name?: string;
            /** @description The whole new set. */
            notices?: ("quota_threshold" | "quota_exhausted" | "throttling_spike" | "key_expiring" | "key_expired" | "key_issued" | "key_rotated" | "key_revoked" | "key_suspended" | "key_leaked" | "key_quarantined" | "old_secret_busy" | "client_suspended" | "policy_changed" | "approval_wanted" | "break_glass_opened" | "endpoint_failing" | "endpoint_disabled" | "channel_down" | "checkpoint_alarm")[];
            /** @description The whole new list. */
            recipients?: components["schemas"]["NewRecipient"][];
            /** @description The whole new set. */
            thresholds?: number[] | null;
        };
        /** @description What a rule would have told over the last 30 days. */
        NotificationRulePreview: {
            /** @description There were more than 100,000 events, 20,000 keys or 20,000 windows of quotas: the oldest are left out. */
            cut: boolean;
            /** Format: date-time */
            from: string;
            /** @description What the rule names and a preview knows nothing of: how things stood at which time is not kept. */
            left_out: ("quota_threshold" | "quota_exhausted" | "throttling_spike" | "key_expiring" | "key_expired" | "key_issued" | "key_rotated" | "key_revoked" | "key_suspended" | "key_leaked" | "key_quarantined" | "old_secret_busy" | "client_suspended" | "policy_changed" | "approval_wanted" | "break_glass_opened" | "endpoint_failing" | "endpoint_disabled" | "channel_down" | "checkpoint_alarm")[];
            /** @description The newest first, at most 200. */
            notices: components["schemas"]["PreviewedNotice"][];
            /** Format: int64 */
            notices_total: number;
            /**
             * Format: date-time
             * @description From when on it is known how full quotas were; none where the rule names none, or nothing is known.
             */
            quotas_from?: string | null;
            /** Format: date-time */
            until: string;
        };
        Operation: {
            /** Format: int32 */
            applied: number;
            cancelled_because?: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            ended_at?: string | null;
            export?: components["schemas"]["ReportExport"] | null;
            id: string;
            /**
             * Format: int32
             * @description Those that are dealt with: the sum of the next three.
             */
            items_done: number;
            /** Format: int32 */
            items_total: number;
            /** @enum {string} */
            kind: "revoke_keys" | "suspend_keys" | "import_keys" | "replay_webhook" | "export_report";
            /** @description The node that works or worked on it last. */
            node?: string | null;
            /** @description The principal who gave the order. */
            ordered_by: string;
            reason?: string | null;
            /** Format: int32 */
            refused: number;
            /** @description Of an import: the system that the keys come from. */
            source?: string | null;
            /** Format: date-time */
            started_at?: string | null;
            /** @enum {string} */
            status: "planned" | "running" | "finished" | "cancelled";
            /**
             * Format: int32
             * @description Stood as they should before.
             */
            unchanged: number;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the operation's events; its `ETag`.
             */
            version: number;
        };
        OperationItem: {
            /** @description Of a refusal: its stable code. */
            code?: string | null;
            /** @description Of a refusal: its sentence. */
            detail?: string | null;
            key_id?: string | null;
            /**
             * Format: int32
             * @description Counts from 1.
             */
            number: number;
            /** @enum {string} */
            result: "applied" | "refused" | "unchanged";
            /** @description The key's id, the name of the row, the delivery's id, or until when a stretch of a report is. */
            subject: string;
        };
        /** @description Why, if anybody wants to say. */
        OptionalReason: {
            reason?: string | null;
        };
        /** @description Who answers for the client on our side. */
        Owner: {
            /** @description Null once erased. */
            email?: string | null;
            team: string;
        };
        /** @description What is to change of the owner. */
        OwnerPatch: {
            /** Format: email */
            email?: string | null;
            team?: string;
        };
        /** @description Whether one part can do its work. */
        PartReadiness: {
            /** @description A sentence for the operator, without anything secret. */
            detail: string;
            ready: boolean;
        };
        /** @description A write that the read models do not show yet. It is on record all the same. */
        Pending: {
            id: string;
            /**
             * Format: int64
             * @description Reads show the write once they have reached this position; null while it has none.
             */
            position?: number | null;
            /**
             * Format: int64
             * @description The version that the write made.
             */
            version: number;
            /** @description Always `false`. */
            visible: boolean;
        };
        /** @description The same while reads do not show it. */
        PendingClaim: {
            expires_at: string;
            grant_id: string;
            person: components["schemas"]["Pending"];
            token: string;
        };
        /** @description A delivery that was asked for, while reads do not show that somebody did. */
        PendingDelivery: {
            id: string;
        };
        /** @description The same while reads do not show it. */
        PendingKey: {
            key: components["schemas"]["Pending"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            secret?: string | null;
        };
        /** @description The same while reads do not show it. */
        PendingPerson: {
            person: components["schemas"]["Pending"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            token?: string | null;
        };
        /** @description The same while reads do not show it. */
        PendingServiceAccount: {
            service_account: components["schemas"]["Pending"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            token?: string | null;
        };
        /** @description The same while reads do not show it. */
        PendingWebhook: {
            /**
             * @description Shown this once; null where the command was given before.
             * @example whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
             */
            secret?: string | null;
            webhook: components["schemas"]["Pending"];
        };
        /** @description The period that each item's `previous` is of. */
        PeriodBefore: {
            /** Format: date-time */
            from: string;
            /** @description It had so many rows that some were not looked at: an item may seem to have had no calls then. */
            is_cut: boolean;
            /** Format: date-time */
            until: string;
        };
        Permission: {
            /** @description Whether only people may do it, whatever a service account holds. */
            for_people: boolean;
            permission: string;
            /** @description Whether it only looks: of what belongs to nobody, a limited grant lets look and not act. */
            reads: boolean;
            says: string;
        };
        /** @description Somebody who may be let in. What they may do stands in grants. */
        Person: {
            /**
             * Format: date-time
             * @description Until when the person is an administrator by a broken glass; null where it is whole.
             */
            break_glass_until?: string | null;
            /** @description Whether it is the person who claimed the installation. */
            claimed: boolean;
            /** Format: date-time */
            created_at: string;
            email?: string | null;
            id: string;
            identity?: components["schemas"]["Identity"] | null;
            /** @description Null once erased, as are the address and the identity's subject. */
            name?: string | null;
            previous?: components["schemas"]["PreviousToken"] | null;
            /** @enum {string} */
            status: "enabled" | "disabled";
            token?: components["schemas"]["Token"] | null;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the person's events; its `ETag`.
             */
            version: number;
        };
        /** @description A person with a token that is in no other answer. */
        PersonWithToken: {
            person: components["schemas"]["Person"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            token?: string | null;
        };
        /** @description What is to happen. */
        PlannedChange: {
            key_id: string;
            /** @enum {string} */
            kind: "revoke_key";
        } | {
            key_id: string;
            /** @enum {string} */
            kind: "suspend_key";
        } | {
            client_id: string;
            /** @enum {string} */
            kind: "suspend_client";
        } | {
            client_id?: string | null;
            environment?: string | null;
            /** @enum {string} */
            kind: "assign_policy";
            policy_id: string;
            route_id?: string | null;
        } | {
            assignment_id: string;
            /** @enum {string} */
            kind: "unassign_policy";
            policy_id: string;
        } | {
            /** @enum {string} */
            kind: "revise_policy";
            policy_id: string;
            /** @description What is to change, as in `PATCH /v1/policies/{id}`, without times and reason. */
            revision: components["schemas"]["PolicyPatch"];
        };
        Policy: {
            /** @enum {string} */
            counting: "client" | "key" | "shared";
            /** Format: date-time */
            created_at: string;
            id: string;
            /** @enum {string} */
            mode: "enforce" | "shadow";
            name: string;
            quotas: {
                name: string;
                /** @enum {string} */
                period: "minute" | "hour" | "day" | "month" | "year" | "week";
                /**
                 * Format: uint64
                 * @description 1 to 1,000,000,000,000.
                 */
                requests: number;
                /** @description Where midnight is; rolling windows do not ask. */
                time_zone: string;
                /** @enum {string} */
                window: "calendar" | "rolling";
            }[];
            rates: {
                /**
                 * Format: uint64
                 * @description The bucket's size: 1 to 1,000,000,000.
                 */
                burst: number;
                name: string;
                /**
                 * Format: uint32
                 * @description 1 to 86,400.
                 */
                per_seconds: number;
                /**
                 * Format: uint64
                 * @description 1 to 1,000,000,000.
                 */
                requests: number;
            }[];
            /**
             * Format: int32
             * @description Counts what the policy has said, from 1; decisions name it.
             */
            revision: number;
            /** @enum {string} */
            status: "active" | "retired";
            /** @description Percentages of a quota at which its use is worth a notice. */
            thresholds: number[];
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the policy's events, those about its assignments too; its `ETag`.
             */
            version: number;
        };
        /** @description What is to change of a policy, as a merge patch: what is absent stays, `null` is as if it had never been said. */
        PolicyPatch: {
            counting?: ("client" | "key" | "shared") | null;
            /**
             * Format: date-time
             * @description A time ahead, at most ten years; absent: now.
             */
            effective_at?: string | null;
            /**
             * Format: date-time
             * @description When the policy is to say again what it says now, unless somebody revises it meanwhile; absent: never.
             */
            effective_until?: string | null;
            mode?: ("enforce" | "shadow") | null;
            name?: string;
            /** @description The whole new list. */
            quotas?: components["schemas"]["NewQuota"][] | null;
            /** @description The whole new list. Counters of limits that keep their name go on. */
            rates?: components["schemas"]["NewRate"][] | null;
            /** @description Why; must be said where a time is given. */
            reason?: string | null;
            thresholds?: number[] | null;
        };
        /** @description A policy to try: a new one for some calls, or an existing one as it is or changed, for those that it binds now. */
        PolicyToSimulate: {
            /**
             * Format: date-time
             * @description Rounded down to the minute; at most a day before `until`. Absent: a day before `until`.
             */
            from?: string | null;
            /**
             * Format: int32
             * @description How many pairs of client and route are told at most.
             */
            limit?: number;
            policy?: components["schemas"]["LimitsToSimulate"] | null;
            /** @description Whose assignments that are in force now say whom it binds. */
            policy_id?: string | null;
            target?: components["schemas"]["TargetToSimulate"] | null;
            /**
             * Format: date-time
             * @description Before then; rounded up likewise. Absent: now.
             */
            until?: string | null;
        };
        /** @description A policy as a write left it, and what contradicts itself in it. */
        PolicyWritten: components["schemas"]["AssignedPolicy"] & {
            /** @description What its limits do to each other. What its assignments and costs come to is among its findings. */
            warnings: components["schemas"]["Warning"][];
        };
        /** @description A notice that would have been told. */
        PreviewedNotice: {
            /** @description How many e-mail addresses it would have gone to, as things stand now. */
            addresses: number;
            /** Format: date-time */
            at: string;
            /** @description As a webhook would be told. */
            data: Record<string, never>;
            /** @example Key `checkout` of Acme expires in 7 days */
            title: string;
            webhooks: number;
        };
        PreviousSecret: {
            hint: string;
            /** Format: date-time */
            last_used_at?: string | null;
            /**
             * Format: int32
             * @description It is retired once it has not been used for so many hours; null: it lives until then.
             */
            retire_when_idle_hours?: number | null;
            /**
             * Format: date-time
             * @description When the newest secret came; null of a rotation before this was recorded.
             */
            rotated_at?: string | null;
            /** Format: int32 */
            secret_version: number;
            /** @description Whether it was still in use a day before its end. */
            still_busy: boolean;
            /**
             * Format: date-time
             * @description When it stops or stopped.
             */
            until: string;
        };
        PreviousToken: {
            hint: string;
            /** Format: date-time */
            until: string;
        };
        /** @description What a problem reads like: RFC 9457, with the values that broke the rule as further members. */
        Problem: {
            /**
             * @description For programs. Never changed once released.
             * @example key_revoked
             */
            code: string;
            /**
             * @description For people. Its wording may change.
             * @example the key is revoked, which is final
             */
            detail: string;
            /** @description The wrong field of the body as a JSON pointer (RFC 6901). */
            pointer?: string | null;
            /** @description Names the request in the log and the audit log. */
            request_id: string;
            /**
             * Format: int32
             * @example 409
             */
            status: number;
            /** @example Key revoked */
            title: string;
            /**
             * @description Where the problem is explained, relative to the API.
             * @example /problems/key_revoked
             */
            type: string;
        };
        /** @description Events that a webhook is told. */
        PulledEvents: {
            /** @description In the order of the log. There may be fewer than `limit`, even none, though more are to come. */
            items: components["schemas"]["EventMessage"][];
            /** @description Whether the log goes on behind `next_after` by now. */
            more: boolean;
            /**
             * Format: int64
             * @description Give it as `after` for what follows.
             */
            next_after: number;
        };
        /** @description A route that nobody calls. */
        QuietRoute: {
            /** Format: date-time */
            created_at: string;
            /** @description Empty: any host. */
            hosts: string[];
            /**
             * Format: date-time
             * @description Whatever became of that call; null: never.
             */
            last_called_at?: string | null;
            methods: string[];
            name: string;
            path: string;
            route_id: string;
        };
        /**
         * @description One quota of one of those who are counted apart, in one window. Each gateway is at most a thousandth of the limit, or a minute or two,
         *     behind.
         */
        QuotaItem: {
            /** Format: int64 */
            allowed: number;
            client_id?: string | null;
            /** @description `client`, `key` or `shared`: whose calls are counted together. */
            counting: string;
            environment: string;
            key_id?: string | null;
            limit: string;
            policy_id: string;
            policy_name?: string | null;
            /** Format: int32 */
            policy_revision: number;
            route_id?: string | null;
            /** Format: int64 */
            used: number;
            /**
             * Format: int64
             * @description Rounded down.
             */
            used_percent: number;
            /**
             * Format: date-time
             * @description When it will be used up, should calls go on as they did since the window began; null where that is not within the window, or too
             *     little is known.
             */
            used_up_at?: string | null;
            /** Format: date-time */
            window_end: string;
            /** Format: date-time */
            window_start: string;
        };
        /** @description Calendar quotas and how much of each is used, those used most, as a part of what they allow, first. */
        Quotas: {
            /** Format: date-time */
            at: string;
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            items: components["schemas"]["QuotaItem"][];
            /** @description Whether there were more than `limit`. */
            truncated: boolean;
        };
        /** @description Addresses that mail reaches again. */
        Reachable: {
            /** @description 1 to 100. */
            addresses: string[];
        };
        /** @description Whether the process can do its work, and what each part of it says. */
        Readiness: {
            /** @description By the name of the part: `projections`, `gateway`. */
            parts: {
                [key: string]: components["schemas"]["PartReadiness"];
            };
            ready: boolean;
        };
        /** @description Why something is done. */
        Reason: {
            reason: string;
        };
        /** @description Which gateway nodes have applied a write, as far as this instance has heard. */
        Receipt: {
            /** @description Whether every node has applied it that is not known to have ended; `false` where no node is known. */
            applied: boolean;
            /** @description Those that were heard before or during the wait. */
            nodes: components["schemas"]["NodeReceipt"][];
            /**
             * Format: int64
             * @description The position that was waited for; null where the write has none yet.
             */
            position?: number | null;
            reason?: components["schemas"]["UnappliedReason"] | null;
        };
        /** @description What an answer has beside its own members where the caller has waited for the gateways. */
        Receipted: {
            /** @description Absent unless `wait=applied` was asked for. */
            receipt?: components["schemas"]["Receipt"];
        };
        /** @description Who is told. */
        Recipient: {
            /** @enum {string} */
            kind: "contacts";
            role?: ("technical" | "billing" | "security") | null;
        } | {
            /** @enum {string} */
            kind: "owner";
        } | {
            /** @example desk@example.com */
            address?: string | null;
            /** @enum {string} */
            kind: "address";
        } | {
            /** @enum {string} */
            kind: "named";
        } | {
            /** @enum {string} */
            kind: "webhook";
            webhook_id: string;
        };
        /** @description An event that would be appended, as the audit log would show it. */
        RehearsedEvent: {
            /** @example api_key */
            aggregate: string;
            data: Record<string, never>;
            /** @description Null for what would be made: it gets its identifier then. Other new identifiers in `data` are examples. */
            id?: string | null;
            /** @example api_key.revoked */
            type: string;
        };
        /** @description What is sent again: everything that is given has to hold. */
        Replay: {
            /**
             * Format: int64
             * @description Of events behind this position of the log.
             */
            after_position?: number | null;
            /**
             * Format: date-time
             * @description Made then or later.
             */
            from?: string | null;
            reason?: string | null;
            /** @description `delivered`, `dead`, `cancelled` or `held`; absent: all of these. */
            states?: ("pending" | "held" | "gathered" | "delivered" | "dead" | "cancelled")[];
            /** @description Such as `api_key.revoked`, at most 100; absent: all. */
            types?: string[];
            /**
             * Format: date-time
             * @description Made before then; absent, or ahead: now.
             */
            until?: string | null;
        };
        /** @description What is written to a file, how far it is, and the file once it is whole. */
        ReportExport: {
            file?: components["schemas"]["ReportExportFile"] | null;
            /**
             * @description How a file is written.
             * @enum {string}
             */
            format: "csv" | "parquet";
            /**
             * Format: date-time
             * @description What was asked for: from then on …
             */
            from: string;
            granularity: string;
            group_by: string[];
            /**
             * @description Which report.
             * @enum {string}
             */
            report: "usage";
            /** Format: int64 */
            rows_written: number;
            time_zone: string;
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /** @description The file. */
        ReportExportFile: {
            /**
             * Format: int64
             * @description Every usage batch up to this one is counted in every row.
             */
            batch_no: number;
            /**
             * Format: int64
             * @description No row counts a batch behind this one: the same, where none came in meanwhile.
             */
            batch_no_last: number;
            /** Format: int64 */
            bytes: number;
            columns: string[];
            /** @description SHA-256 of the file, in hexadecimal. */
            content_hash: string;
            /**
             * Format: date-time
             * @description What is counted, as far back as it is kept: from then on …
             */
            from: string;
            /**
             * Format: date-time
             * @description Removed then.
             */
            kept_until: string;
            /** @description The node that keeps it. */
            node: string;
            /**
             * Format: int64
             * @description Which client is whose is told as the log says up to here, or later.
             */
            position: number;
            /**
             * Format: int64
             * @description Not counting the line of names.
             */
            rows: number;
            time_zone: string;
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
            /** @description Where it can be had, at the node that keeps it. */
            url: string;
        };
        /** @description A reset that is on record. Each gateway carries it out where it stands in the log. */
        ResetView: {
            client_id?: string | null;
            environment?: string | null;
            key_id?: string | null;
            limit: string;
            policy_id: string;
            reason: string;
        };
        /** @description Why and when a key is to be revoked. */
        Revocation: {
            /**
             * Format: date-time
             * @description A time ahead; absent: now.
             */
            at?: string | null;
            reason: string;
        };
        Role: {
            /** @description Whether a service account can be given it. */
            for_people: boolean;
            permissions: string[];
            /**
             * @description What a role bundles; a row of [`TABLE`] says who holds a permission.
             * @enum {string}
             */
            role: "viewer" | "auditor" | "operator" | "policy_manager" | "access_admin" | "security_officer" | "admin" | "break_glass" | "gateway";
            /** @description Whom it is for. */
            says: string;
        };
        /** @description What each role holds. */
        Roles: {
            permissions: components["schemas"]["Permission"][];
            roles: components["schemas"]["Role"][];
        };
        /** @description How a key is to be rotated. */
        Rotation: {
            /**
             * Format: date-time
             * @description A new end for the key; absent: the one that it has.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description How long the old secret lives on beside the new one; never past its own expiry.
             */
            overlap_seconds: number;
            reason?: string | null;
            /**
             * Format: int32
             * @description The old secret is retired once it has not been used for so many hours; absent: it lives for the overlap.
             */
            retire_when_idle_hours?: number | null;
        };
        /** @description Who uses which secret of a key, and whether the old one may go. */
        RotationTracker: {
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            key_id: string;
            /**
             * Format: date-time
             * @description When the secret before the newest ends or ended.
             */
            overlap_until?: string | null;
            /**
             * Format: int32
             * @description The old secret is retired once it has been idle for so long; null where no rule does that.
             */
            retire_when_idle_hours?: number | null;
            /**
             * Format: date-time
             * @description Null before the first rotation.
             */
            rotated_at?: string | null;
            safe_to_retire: components["schemas"]["SafeToRetire"];
            /** @description The newest first. */
            versions: components["schemas"]["SecretVersionUse"][];
        };
        Route: {
            /**
             * Format: int32
             * @description What one call takes from every limit.
             */
            cost: number;
            /** @description Where a trusted proxy may say that a call costs something else. */
            cost_from_header?: {
                /**
                 * Format: uint32
                 * @description No call costs more, and one whose cost cannot be read costs this: from the route's own cost to 1,000.
                 */
                max: number;
                name: string;
            } | null;
            /** Format: date-time */
            created_at: string;
            /** @description The first of the hosts; null: any host. */
            host?: string | null;
            /** @description All of them; empty: any host. */
            hosts: string[];
            id: string;
            methods: string[];
            name: string;
            /** @example /orders/{id} */
            path: string;
            required_scopes: string[];
            /** @enum {string} */
            status: "active" | "retired";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the route's events; its `ETag`.
             */
            version: number;
        };
        /** @description What is to change of a route, as a merge patch: what is absent stays, `null` is as if it had never been said. */
        RoutePatch: {
            /** Format: int32 */
            cost?: number | null;
            /** @description `null`: nowhere. */
            cost_from_header?: {
                /**
                 * Format: uint32
                 * @description No call costs more, and one whose cost cannot be read costs this: from the route's own cost to 1,000.
                 */
                max: number;
                name: string;
            } | null;
            /** @description The only host from then on; `null`: any host. */
            host?: string | null;
            /** @description The whole new list, in place of `host`; `null`, and empty: any host. */
            hosts?: string[] | null;
            methods?: string[];
            name?: string;
            path?: string;
            required_scopes?: string[] | null;
        };
        RowRefusal: {
            code?: string | null;
            detail?: string | null;
            /** @description Counts from 1. */
            number: number;
            subject: string;
        };
        /** @description Whether nobody would miss the old secret. */
        SafeToRetire: {
            /** @description A sentence for people. */
            explanation: string;
            safe: boolean;
            /**
             * Format: date-time
             * @description Since when nobody uses it; null where somebody does, or where nothing is proven.
             */
            since?: string | null;
        };
        ScheduledChange: {
            /** Format: date-time */
            applied_at?: string | null;
            /**
             * Format: date-time
             * @description When it happens.
             */
            at: string;
            /** @description What is to happen, as it was planned. */
            change: Record<string, never>;
            /** @description The client that it concerns, where there is one. */
            client_id?: string | null;
            /** @description The same for the plan and for everything that it sets in motion. */
            correlation_id: string;
            /**
             * Format: date-time
             * @description When something is to happen next; null when nothing is.
             */
            due_at?: string | null;
            /** Format: date-time */
            ended_at?: string | null;
            failure?: components["schemas"]["ChangeFailure"] | null;
            id: string;
            key_id?: string | null;
            /**
             * @description Of what is to happen.
             * @example suspend_key
             */
            kind: string;
            /** Format: date-time */
            planned_at: string;
            policy_id?: string | null;
            reason: string;
            /** @description The principal that planned it. */
            requested_by: string;
            /**
             * @description `pending` until it happens. `applied` is final unless it has an end ahead.
             * @enum {string}
             */
            status: "pending" | "applied" | "ended" | "cancelled" | "failed";
            /**
             * Format: date-time
             * @description When it is undone; null: it stays.
             */
            until?: string | null;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Its `ETag`. Of a planned revocation, the key's.
             */
            version: number;
        };
        /** @description A route whose calls needed a scope. */
        ScopeRoute: {
            /** Format: int64 */
            calls: number;
            name: string;
            route_id: string;
        };
        /** @description A scope that somebody holds, and what it was needed for: removing it would have refused so many of so many calls. */
        ScopeUse: {
            /**
             * Format: int64
             * @description Calls of the holder that were allowed from `from` on, before `until`.
             */
            calls: number;
            client_id: string;
            client_name: string;
            /** Format: date-time */
            from: string;
            /** @description Null where the client itself holds it. */
            key_id?: string | null;
            key_name?: string | null;
            owner_team: string;
            /** @description The routes that need it, the busiest first. */
            routes: components["schemas"]["ScopeRoute"][];
            scope: string;
            /** Format: date-time */
            until: string;
            /**
             * Format: int64
             * @description Of these, the calls of routes that require the scope today.
             */
            would_have_refused: number;
        };
        /** @description Whose secret it is. */
        SecretSearch: {
            found?: components["schemas"]["FoundSecret"] | null;
            /** @description The newest entries about it. */
            items: components["schemas"]["AuditEntry"][];
        };
        /** @description A secret that was found somewhere. */
        SecretToSearch: {
            /**
             * Format: password
             * @description A key of a client, ours or taken over, or a token of a principal. It is neither kept nor handed on.
             */
            secret: string;
        };
        /** @description One secret version and who presents it. */
        SecretVersionUse: {
            /** @description Those seen last, the latest first; kept for as many days as the server is told to. */
            addresses: components["schemas"]["SeenAddress"][];
            /**
             * Format: int64
             * @description Calls that presented it, whatever became of them.
             */
            calls: number;
            /**
             * Format: int64
             * @description Calls that it opened, from the quarter of an hour on into which the time a day ago falls.
             */
            calls_last_24h: number;
            /** @description The last characters of the secret. */
            hint?: string | null;
            /**
             * Format: date-time
             * @description The latest call that presented it.
             */
            last_presented_at?: string | null;
            /**
             * Format: date-time
             * @description The latest call that it opened.
             */
            last_used_at?: string | null;
            others: components["schemas"]["UnnamedCalls"];
            /** Format: date-time */
            since?: string | null;
            /**
             * @description `current`: the newest. `previous`: the one before it, while both live. `retired`: opens nothing any more.
             * @example current
             */
            status: string;
            /**
             * Format: date-time
             * @description When it ends or ended.
             */
            until?: string | null;
            user_agents: components["schemas"]["SeenUserAgent"][];
            /** Format: int32 */
            version: number;
        };
        /** @description Where calls came from. */
        SeenAddress: {
            /** @description Null where the gateway was not told. */
            address?: string | null;
            /** Format: int64 */
            calls: number;
            /** Format: date-time */
            last_at: string;
        };
        /** @description What callers said they are. */
        SeenUserAgent: {
            /** Format: int64 */
            calls: number;
            /** Format: date-time */
            last_at: string;
            /** @description Null where the caller did not say. */
            user_agent?: string | null;
        };
        /** @description A program that uses the admin API, and the team that answers for it. What it may do stands in grants. */
        ServiceAccount: {
            /** Format: date-time */
            created_at: string;
            id: string;
            /**
             * Format: date-time
             * @description When one of its tokens was last used, to the minute; it is shown some seconds later.
             */
            last_used_at?: string | null;
            name: string;
            previous?: components["schemas"]["PreviousToken"] | null;
            /** @enum {string} */
            status: "enabled" | "disabled";
            team: string;
            token?: components["schemas"]["Token"] | null;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: int64
             * @description Counts the account's events; its `ETag`.
             */
            version: number;
        };
        /** @description A service account with a token that is in no other answer. */
        ServiceAccountWithToken: {
            service_account: components["schemas"]["ServiceAccount"];
            /** @description Shown this once and kept nowhere; null where the command was given before. */
            token?: string | null;
        };
        /** @description A session of a person who has signed in. */
        Session: {
            /** @description Whether it is the one that asks. */
            current: boolean;
            /**
             * Format: date-time
             * @description When it ends whatever happens.
             */
            ends_at: string;
            /** @example ses_01jx3v6k9q8z7m5n4p3r2s1t0v */
            id: string;
            /**
             * Format: date-time
             * @description When it ends unless there is a request.
             */
            idle_ends_at: string;
            /**
             * @description The identity provider that knows the person.
             * @example https://login.example.com
             */
            issuer: string;
            /**
             * Format: date-time
             * @description To the minute.
             */
            last_seen_at: string;
            /** @example prn_01jx3v6k9q8z7m5n4p3r2s1t0v */
            principal_id: string;
            /**
             * @description Of the one that asks: where the browser signs out at the identity provider, too, once the session is ended. Null where the
             *     provider names no such place.
             * @example https://login.example.com/session/end?client_id=tollgate
             */
            provider_sign_out?: string | null;
            /** Format: date-time */
            started_at: string;
            /** @description The browser, as it calls itself. */
            user_agent?: string | null;
        };
        /** @description What policies in shadow would have refused, by window and by what was asked for. */
        Shadow: {
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            /**
             * Format: date-time
             * @description What is counted: from then on …
             */
            from: string;
            /** @description By window, then by the dimensions. A window without calls has no item. */
            items: components["schemas"]["ShadowItem"][];
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /** @description The calls of one window. A dimension is null where it was not asked for; the route also where none matched. */
        ShadowItem: {
            /**
             * Format: int64
             * @description Allowed calls that the policy was asked about.
             */
            calls: number;
            client_id?: string | null;
            environment?: string | null;
            limit?: string | null;
            policy_id?: string | null;
            /** Format: int32 */
            policy_revision?: number | null;
            /**
             * Format: int64
             * @description Those of them that it would have refused, were it enforced.
             */
            refused: number;
            route_id?: string | null;
            /** Format: date-time */
            window_end: string;
            /** Format: date-time */
            window_start: string;
        };
        /** @description What a policy would have refused. */
        Simulated: {
            /**
             * Format: int64
             * @description Calls that met limits and were allowed, or refused by those of that time.
             */
            allowed_then: number;
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            /**
             * Format: int64
             * @description Calls that were replayed.
             */
            calls: number;
            /**
             * Format: int64
             * @description Calls of these that could not be replayed: their seconds are not known.
             */
            calls_without_seconds: number;
            /**
             * Format: date-time
             * @description What was replayed: from then on …
             */
            from: string;
            /** @description Those that may have been refused most first, then by client and route. */
            items: components["schemas"]["SimulatedPair"][];
            /** @description Rates first. */
            limits: components["schemas"]["SimulatedLimit"][];
            /** @description How it was found, and within which bound it holds. */
            method: string;
            /** Format: int64 */
            refused_at_least: number;
            /** Format: int64 */
            refused_at_most: number;
            /** Format: int64 */
            refused_estimate: number;
            /** Format: int64 */
            refused_then: number;
            /** @description Of these routes a header may say what a call costs. They are replayed at their own cost, and the bounds are of that. */
            routes_of_varying_cost: string[];
            /** @description Whether there were more than `limit`. */
            truncated: boolean;
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /** @description What one limit would have refused, had calls been spread evenly within each second. A call that two limits refuse is with both. */
        SimulatedLimit: {
            /** Format: date-time */
            first_breach_at?: string | null;
            /** @description `rate` or `quota`. */
            kind: string;
            limit: string;
            /** Format: int64 */
            refused_estimate: number;
        };
        /** @description The calls of one client by one route. */
        SimulatedPair: {
            /** Format: int64 */
            allowed_then: number;
            /**
             * Format: int64
             * @description Calls that were replayed.
             */
            calls: number;
            /** @description Null where there were too many to tell apart. */
            client_id?: string | null;
            /**
             * Format: date-time
             * @description The second in which one of these was first refused; null where none was.
             */
            first_breach_at?: string | null;
            /** @description The limit that had the least room then. */
            limit?: string | null;
            /**
             * Format: int64
             * @description Whatever the moments within the seconds.
             */
            refused_at_least: number;
            /** Format: int64 */
            refused_at_most: number;
            /**
             * Format: int64
             * @description Had calls been spread evenly within each second.
             */
            refused_estimate: number;
            /** Format: int64 */
            refused_then: number;
            /** @description Null where no route matched, and likewise. */
            route_id?: string | null;
        };
        Subject: {
            id: string;
            /** @example api_key */
            type: string;
        };
        /** @description Why something is suspended, and when. */
        Suspension: {
            /**
             * Format: date-time
             * @description A time ahead, at most ten years; absent: now.
             */
            at?: string | null;
            reason: string;
            /**
             * Format: date-time
             * @description When it is reinstated; absent: when somebody does it.
             */
            until?: string | null;
        };
        /** @description All of what is given must fit a call. */
        TargetToSimulate: {
            client_id?: string | null;
            environment?: string | null;
            route_id?: string | null;
        };
        /** @description Who was refused by which limit, those refused most first. */
        Throttling: {
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            /**
             * Format: date-time
             * @description What is counted: from then on …
             */
            from: string;
            items: components["schemas"]["ThrottlingItem"][];
            /** @description Whether there were more than `limit`. */
            truncated: boolean;
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /**
         * @description The calls that one limit of one revision of a policy refused to one client on one route. A call that two limits refused is in the
         *     items of both.
         */
        ThrottlingItem: {
            /**
             * Format: int64
             * @description Refused calls.
             */
            calls: number;
            /** @description Null where there were too many to tell apart. */
            client_id?: string | null;
            environment: string;
            /** Format: date-time */
            first_at: string;
            /** @description `rate` or `quota`. */
            kind: string;
            /** Format: date-time */
            last_at: string;
            limit: string;
            /**
             * Format: int64
             * @description The most minutes on end with a refusal in each.
             */
            longest_minutes: number;
            policy_id: string;
            policy_name?: string | null;
            /** Format: int32 */
            policy_revision: number;
            /** @description Null where no route matched, and likewise. */
            route_id?: string | null;
            /**
             * Format: date-time
             * @description Since when there was a refusal in each minute up to `last_at`.
             */
            since: string;
        };
        /** @description The token that lives. */
        Token: {
            /** Format: date-time */
            expires_at: string;
            /** @description The last characters, for people who compare. */
            hint: string;
            /**
             * Format: int32
             * @description Counts from 1.
             */
            version: number;
        };
        /** @description How a token is followed by another. */
        TokenRotation: {
            /**
             * Format: date-time
             * @description When the new token stops: at most 365 days ahead. Absent: in 90 days.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description How long the token before lives on, never longer than it would have: at most 30 days. Absent: not at all.
             * @default 0
             */
            overlap_seconds: number;
        };
        /** @description Endpoints, those with most of what was asked for first. */
        TopEndpoints: {
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            /**
             * Format: int64
             * @description How many endpoints were called, those without an item too.
             */
            endpoints: number;
            /**
             * Format: date-time
             * @description What is counted: from then on …
             */
            from: string;
            items: components["schemas"]["EndpointItem"][];
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /** @description A person of a client that is touched; name and address are null once erased. */
        TouchedContact: {
            client_id: string;
            email?: string | null;
            name?: string | null;
            /**
             * @description What a contact is to be told about.
             * @enum {string}
             */
            role: "technical" | "billing" | "security";
        };
        /** @description Who answers for clients that are touched. */
        TouchedOwner: {
            /** @description Null once erased. */
            email?: string | null;
            team: string;
        };
        /**
         * @description Why a write is not in force on every node.
         * @enum {string}
         */
        UnappliedReason: "no_nodes" | "timed_out" | "silent" | "not_sequenced";
        /** @description Calls whose address, or whose user agent, is not named: there were too many, or their time is over. */
        UnnamedCalls: {
            /** Format: int64 */
            calls_by_address: number;
            /** Format: int64 */
            calls_by_user_agent: number;
        };
        /** @description Addresses that mail does not reach, and why. */
        Unreachable: {
            /** @description 1 to 100. */
            addresses: string[];
            reason: string;
        };
        /** @description Calls by window and by what was asked for. */
        Usage: {
            /**
             * Format: int64
             * @description Every usage batch of the gateways up to this one is counted.
             */
            batch_no: number;
            /**
             * @description Calls of this time that were told after their quarter of an hour was closed, those that came last first and at most 100. They are
             *     counted in their own time, so a report that was read before may have said less.
             */
            corrections: components["schemas"]["CorrectionItem"][];
            /**
             * Format: date-time
             * @description What is counted: from then on …
             */
            from: string;
            /** @enum {string} */
            granularity: "minute" | "quarter" | "hour" | "day" | "week" | "month" | "total";
            /** @description By window, then by the dimensions. A window without calls has no item. */
            items: components["schemas"]["UsageItem"][];
            /** @description Give it as `cursor` for the next page; null on the last one. */
            next_cursor?: string | null;
            /**
             * Format: int64
             * @description Which client is whose is told as the log says up to here.
             */
            position: number;
            previous?: components["schemas"]["PeriodBefore"] | null;
            time_zone: string;
            /**
             * Format: date-time
             * @description … before then.
             */
            until: string;
        };
        /**
         * @description The calls of one window. A dimension is null where it was not asked for, and where the calls had none: an
         *     unproven secret has no client, an unmatched path no route.
         */
        UsageItem: {
            /** Format: int64 */
            allowed: number;
            client_id?: string | null;
            environment?: string | null;
            /** Format: int64 */
            forbidden: number;
            key_id?: string | null;
            owner_team?: string | null;
            previous?: components["schemas"]["CallCounts"] | null;
            /** Format: int64 */
            quota_exceeded: number;
            /** Format: int64 */
            rate_limited: number;
            route_id?: string | null;
            /** Format: int32 */
            secret_version?: number | null;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unauthenticated: number;
            /** Format: date-time */
            window_end: string;
            /** Format: date-time */
            window_start: string;
        };
        /** @description What was decided about one call. */
        VerifyAnswer: {
            /**
             * @description Like the next two: only of a secret that is genuine and live.
             * @example cli_01k2m3n4p5q6r7s8t9v0w1x2y3
             */
            client_id?: string | null;
            /** @example dec_01k2m3n4p5q6r7s8t9v0w1x2y3 */
            decision_id: string;
            environment: string;
            /** @example key_01k2m3n4p5q6r7s8t9v0w1x2y3 */
            key_id?: string | null;
            /** @description Every limit that was looked at. */
            limits: components["schemas"]["VerifyLimit"][];
            /** @example rate_limited */
            outcome: string;
            /**
             * Format: int64
             * @description How much of the log the decision rests on.
             */
            position: number;
            /** @description Why the call was refused. Of an `unauthenticated` one always that word. */
            reason?: string | null;
            /**
             * Format: int64
             * @description How long to wait before the same call may pass.
             */
            retry_after_seconds?: number | null;
            /** @example rte_01k2m3n4p5q6r7s8t9v0w1x2y3 */
            route_id?: string | null;
            /** @description What the key may do. */
            scopes: string[];
            /**
             * Format: int32
             * @description Which of the key's secrets: counts from 1, one more with each rotation.
             */
            secret_version?: number | null;
            /** @description Whether the configuration is older than allowed. */
            stale: boolean;
        };
        /** @description Where one limit stands after the decision. */
        VerifyLimit: {
            /** @example rate */
            kind: string;
            /** @example enforce */
            mode: string;
            /** @example burst */
            name: string;
            /** @example pol_01k2m3n4p5q6r7s8t9v0w1x2y3 */
            policy_id: string;
            /** Format: int32 */
            policy_revision: number;
            /** @description Whether it refused the call, or would have, in shadow. */
            refused: boolean;
            /** Format: int64 */
            remaining: number;
            /**
             * Format: int64
             * @description What the policy grants per window.
             */
            requests: number;
            /**
             * Format: int64
             * @description Until all of it is there again.
             */
            reset_seconds: number;
            /** Format: int64 */
            window_seconds: number;
        };
        /** @description One call to judge. */
        VerifyRequest: {
            /**
             * @description The caller's address. Without it, a key that is bound to addresses is refused.
             * @example 198.51.100.7
             */
            address?: string | null;
            /**
             * Format: int32
             * @description What the call takes from every limit, in place of the cost of its route and of its route's header: whoever asks
             *     says it, and no header of the call does.
             * @example 1
             */
            cost?: number | null;
            /**
             * @description The environment that is called, if not the one that this door serves.
             * @example prod
             */
            environment?: string | null;
            /**
             * @description May carry a port.
             * @example api.example.com
             */
            host?: string | null;
            /** @example GET */
            method: string;
            /**
             * @description May carry a query. At most 8 KiB.
             * @example /orders/17
             */
            path: string;
            /**
             * Format: password
             * @description What the caller presented; empty when it presented nothing.
             * @example tg_prod_…
             */
            secret: string;
            /**
             * @description The caller's `User-Agent`: kept with the address for a time, so that it can be seen who still uses an old secret.
             * @example orders-sync/2.4
             */
            user_agent?: string | null;
        };
        /** @description Something to know about a write. */
        Warning: {
            /**
             * @description For programs.
             * @example no_change
             */
            code: string;
            /** @description For people. Its wording may change. */
            message: string;
            /** @description What it is about, as a JSON pointer into the policy (RFC 6901). */
            pointer?: string | null;
        };
        /** @description Who is told of what, and where. */
        Webhook: {
            /** Format: date-time */
            created_at: string;
            /** @description Null while it is not disabled. */
            disabled_because?: ("by_hand" | "gone" | "failing") | null;
            events: string[];
            health?: components["schemas"]["WebhookHealth"] | null;
            id: string;
            name: string;
            /**
             * Format: date-time
             * @description Until then the secret before this one signs beside it. Null where there was none.
             */
            previous_until?: string | null;
            /**
             * @description What the `v1a` signatures are checked with: the same for every webhook, and listed with those before it at
             *     `/v1/webhooks/keys`.
             * @example whpk_QJE3nwoXy8MLkh4mvQ6BDsUMRcBfFTU/ZmWQZzCkkXI=
             */
            public_key?: string | null;
            scope: ({
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            }) & Record<string, never>;
            /**
             * Format: int32
             * @description Counts from 1.
             */
            secret_version: number;
            /**
             * @description It is told while it is `active`.
             * @enum {string}
             */
            status: "unverified" | "active" | "disabled" | "deleted";
            /** Format: date-time */
            updated_at: string;
            /** @description The path may be a secret of whoever receives. */
            url: string;
            /** @description Whether whoever answers at this URL has echoed our challenge. */
            verified: boolean;
            /**
             * Format: int64
             * @description Counts the webhook's events; its `ETag`.
             */
            version: number;
        };
        /** @description How a webhook fares. */
        WebhookHealth: {
            /**
             * Format: int64
             * @description Since the last success. Verifications and tests do not count.
             */
            consecutive_failures: number;
            /**
             * Format: date-time
             * @description The first of them.
             */
            failing_since?: string | null;
            /** Format: date-time */
            last_failure_at?: string | null;
            /** Format: date-time */
            last_success_at?: string | null;
        };
        /** @description A public key. */
        WebhookKey: {
            /**
             * @description Ed25519: `whpk_` and the 32 bytes in base 64.
             * @example whpk_QJE3nwoXy8MLkh4mvQ6BDsUMRcBfFTU/ZmWQZzCkkXI=
             */
            public_key: string;
            /** @description Whether it signs now; the others have signed before. */
            signs: boolean;
        };
        /** @description What the `v1a` signatures of all webhooks are checked with. */
        WebhookKeys: {
            /** @description The newest first. A receiver takes what any of them has signed. */
            keys: components["schemas"]["WebhookKey"][];
        };
        /** @description What is to change of a webhook: what is absent stays. */
        WebhookPatch: {
            /** @description The whole new set. */
            events?: string[];
            name?: string;
            /** @description How far a grant goes. Everything is said in so many words: what is left out never means all. */
            scope?: {
                /** @enum {string} */
                kind: "all";
            } | {
                /** @description What lies in these environments: 1 to 16. */
                environments?: string[] | null;
                /** @enum {string} */
                kind: "limited";
                /** @description What this team owns. */
                team?: string | null;
            };
            /** @description Another one has to be verified again before it is told anything. */
            url?: string;
        };
        /** @description How a secret is followed by another. */
        WebhookSecretRotation: {
            /**
             * Format: int32
             * @description How long the secret before signs beside the new one, at most a week; absent: 24 hours.
             */
            overlap_seconds?: number | null;
        };
        /** @description What is to be sent. */
        WebhookTest: {
            /**
             * @description Of an event of the log, or of a notice: `notice.key_expiring`. Absent: the first that it subscribes to.
             * @example api_key.revoked
             */
            event_type?: string | null;
        };
        /** @description A webhook with a secret that is in no other answer. */
        WebhookWithSecret: {
            /**
             * @description `whsec_…`, to check the `v1` signatures with: shown this once; null where the command was given before.
             * @example whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
             */
            secret?: string | null;
            webhook: components["schemas"]["Webhook"];
        };
        /** @description Whom a token stands for, and what they may do. */
        Whoami: {
            /** @example bootstrap_token */
            authenticated_by: string;
            /**
             * Format: date-time
             * @description Until when the caller is an administrator by a broken glass; null where it is whole.
             */
            break_glass_until?: string | null;
            /** @description In force now, in the order in which they are asked. */
            grants: components["schemas"]["HeldGrant"][];
            /** @example bootstrap-admin */
            id: string;
            /** @enum {string} */
            kind: "person" | "service_account" | "system";
            /** @description Those held in any scope. */
            permissions: string[];
            /** @description Those of the grants in force. */
            roles: string[];
        };
        /** @description Why it is approved, or taken back. */
        Why: {
            reason?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
