-- Which event a secret came with, of every secret that there was: whoever has one finds it by a name that follows from its locator, and
-- from which the locator does not follow. No digest is here.
create table secret_directory (
    fingerprint   text collate "C" primary key constraint secret_directory_fingerprint_is_one check (length(fingerprint) = 64),
    subject_type  text    not null constraint secret_directory_subject_type_is_known
                  check (subject_type in ('api_key', 'principal')),
    subject_id    text    not null,
    sequence      bigint  not null,
    position      bigint  not null
);
