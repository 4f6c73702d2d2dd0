-- What the events of clients and people commit to their personal values by: what is erased is found by it.
alter table client_directory add column owner_email_of text;
alter table principal_directory add column personal_of text;
