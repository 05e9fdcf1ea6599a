CREATE TABLE schema_versions (
  number SERIAL NOT NULL,
  PRIMARY KEY (number)
);
CREATE TABLE counters (
  name VARCHAR NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE jobs (
  id VARCHAR NOT NULL,
  sequence BIGINT NOT NULL,
  person VARCHAR NOT NULL,
  family VARCHAR NOT NULL,
  model VARCHAR NOT NULL,
  vendor_model VARCHAR NOT NULL,
  region VARCHAR NOT NULL,
  account VARCHAR NOT NULL,
  base_url VARCHAR NOT NULL,
  demo BOOLEAN NOT NULL,
  status VARCHAR NOT NULL,
  prompt TEXT NOT NULL,
  rewritten_prompt TEXT,
  parameters JSON NOT NULL,
  created_at BIGINT NOT NULL,
  submitted_at BIGINT,
  running_at BIGINT,
  finished_at BIGINT,
  updated_at BIGINT NOT NULL,
  task_id VARCHAR,
  request_id VARCHAR,
  cancel_requested BOOLEAN NOT NULL,
  attention TEXT,
  remark TEXT,
  article JSON,
  error_code VARCHAR,
  error_message TEXT,
  error_hint TEXT,
  error_detail TEXT,
  estimated_micros BIGINT NOT NULL,
  actual_micros BIGINT,
  currency VARCHAR NOT NULL,
  place BIGINT DEFAULT '0' NOT NULL,
  seconds FLOAT,
  favourite BOOLEAN DEFAULT false NOT NULL,
  rating INTEGER DEFAULT '0' NOT NULL,
  deleted_at BIGINT,
  purged_at BIGINT,
  expires_at BIGINT,
  imported BOOLEAN DEFAULT false NOT NULL,
  source_job VARCHAR,
  batch VARCHAR,
  priority INTEGER DEFAULT '0' NOT NULL,
  dispatched_at BIGINT,
  scheduled_at BIGINT,
  ended_at BIGINT,
  on_arrival VARCHAR DEFAULT 'keep' NOT NULL,
  decision VARCHAR,
  PRIMARY KEY (id)
);
CREATE INDEX jobs_binned ON jobs (person, demo, place) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at);
CREATE INDEX jobs_kept_by_all ON jobs (demo, place) WHERE deleted_at IS NULL;
CREATE INDEX jobs_sequence ON jobs (sequence);
CREATE INDEX jobs_ended ON jobs (vendor_model, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_binned_by_all ON jobs (demo, place) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_place ON jobs (place);
CREATE INDEX jobs_status ON jobs (status);
CREATE INDEX jobs_dispatched ON jobs (account, vendor_model, person, dispatched_at) WHERE dispatched_at IS NOT NULL;
CREATE INDEX jobs_source ON jobs (source_job) WHERE source_job IS NOT NULL;
CREATE INDEX jobs_batch ON jobs (batch) WHERE batch IS NOT NULL;
CREATE INDEX jobs_kept ON jobs (person, demo, place) WHERE deleted_at IS NULL;
CREATE INDEX jobs_deleted ON jobs (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE TABLE collections (
  id VARCHAR NOT NULL,
  person VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX collections_of_person ON collections (person);
CREATE TABLE lanes (
  bucket VARCHAR NOT NULL,
  running_limit INTEGER NOT NULL,
  per_second INTEGER NOT NULL,
  learned_limit INTEGER,
  cooldown_until BIGINT DEFAULT '0' NOT NULL,
  last_submitted_at BIGINT DEFAULT '0' NOT NULL,
  refusals INTEGER DEFAULT '0' NOT NULL,
  updated_at BIGINT DEFAULT '0' NOT NULL,
  PRIMARY KEY (bucket)
);
CREATE TABLE processes (
  name VARCHAR NOT NULL,
  home VARCHAR NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE caps (
  id VARCHAR NOT NULL,
  scope VARCHAR NOT NULL,
  person VARCHAR,
  period VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  micros BIGINT NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE facts (
  name VARCHAR NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE strangers (
  entry VARCHAR NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (entry)
);
CREATE TABLE submissions (
  id SERIAL NOT NULL,
  job_id VARCHAR NOT NULL,
  attempt INTEGER NOT NULL,
  account VARCHAR NOT NULL,
  vendor_model VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  started_at BIGINT NOT NULL,
  lost_at BIGINT,
  task_id VARCHAR,
  live BOOLEAN DEFAULT false NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT one_row_per_attempt UNIQUE (job_id, attempt),
  CONSTRAINT one_submission_per_task UNIQUE (account, task_id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX submissions_open ON submissions (account, vendor_model, state);
CREATE TABLE assets (
  id VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  role VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  position INTEGER DEFAULT '0' NOT NULL,
  name VARCHAR NOT NULL,
  key VARCHAR NOT NULL,
  poster_key VARCHAR,
  thumbnail_key VARCHAR,
  mime VARCHAR NOT NULL,
  width INTEGER,
  height INTEGER,
  seconds FLOAT,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR NOT NULL,
  created_at BIGINT NOT NULL,
  parent_id VARCHAR,
  moment VARCHAR,
  PRIMARY KEY (id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX assets_of_parent ON assets (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX assets_of_key ON assets (key);
CREATE INDEX assets_of_job ON assets (job_id);
CREATE INDEX assets_of_hash ON assets (sha256);
CREATE TABLE tags (
  job_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  PRIMARY KEY (job_id, name),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX tags_by_name ON tags (name);
CREATE TABLE collection_jobs (
  collection_id VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (collection_id, job_id),
  FOREIGN KEY(collection_id) REFERENCES collections (id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX collections_of_job ON collection_jobs (job_id);
CREATE TABLE checks (
  id SERIAL NOT NULL,
  account VARCHAR NOT NULL,
  vendor_check VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  code VARCHAR NOT NULL,
  message TEXT NOT NULL,
  micros BIGINT NOT NULL,
  currency VARCHAR NOT NULL,
  asked_at BIGINT NOT NULL,
  answered_at BIGINT,
  PRIMARY KEY (id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX checks_of_file ON checks (account, vendor_check, sha256);
CREATE INDEX checks_of_job ON checks (job_id);
CREATE TABLE reservations (
  job_id VARCHAR NOT NULL,
  person VARCHAR NOT NULL,
  demo BOOLEAN NOT NULL,
  currency VARCHAR NOT NULL,
  micros BIGINT NOT NULL,
  day VARCHAR NOT NULL,
  month VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  at BIGINT NOT NULL,
  lost_micros BIGINT DEFAULT '0' NOT NULL,
  PRIMARY KEY (job_id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX reservations_of_day ON reservations (demo, currency, day, micros);
CREATE INDEX reservations_of_month ON reservations (demo, currency, month, micros);
CREATE INDEX reservations_of_person ON reservations (demo, currency, person, month, day, micros);
CREATE TABLE job_words (place BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX job_words_found ON job_words USING GIN (words);
INSERT INTO schema_versions (number) VALUES (1);
INSERT INTO schema_versions (number) VALUES (2);
INSERT INTO schema_versions (number) VALUES (3);
INSERT INTO schema_versions (number) VALUES (4);
INSERT INTO schema_versions (number) VALUES (5);
INSERT INTO schema_versions (number) VALUES (6);
INSERT INTO schema_versions (number) VALUES (7);
INSERT INTO schema_versions (number) VALUES (8);
INSERT INTO counters (name, value) VALUES ('sequence', 0);
