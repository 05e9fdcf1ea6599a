CREATE TABLE schema_versions (
  number INTEGER NOT NULL,
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
  error_code VARCHAR,
  error_message TEXT,
  error_hint TEXT,
  estimated_micros BIGINT NOT NULL,
  actual_micros BIGINT,
  currency VARCHAR NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX jobs_status ON jobs (status);
CREATE INDEX jobs_sequence ON jobs (sequence);
CREATE INDEX jobs_newest ON jobs (person, demo, created_at DESC, id DESC);
CREATE INDEX jobs_family_newest ON jobs (person, demo, family, created_at DESC, id DESC);
CREATE INDEX jobs_finished ON jobs (finished_at);
CREATE TABLE submissions (
  id INTEGER NOT NULL,
  job_id VARCHAR NOT NULL,
  attempt INTEGER NOT NULL,
  account VARCHAR NOT NULL,
  vendor_model VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  started_at BIGINT NOT NULL,
  lost_at BIGINT,
  task_id VARCHAR,
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
  name VARCHAR NOT NULL,
  "key" VARCHAR NOT NULL,
  poster_key VARCHAR,
  thumbnail_key VARCHAR,
  mime VARCHAR NOT NULL,
  width INTEGER,
  height INTEGER,
  seconds FLOAT,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE INDEX assets_of_job ON assets (job_id);
INSERT INTO schema_versions (number) VALUES (1);
INSERT INTO counters (name, value) VALUES ('sequence', 0);
