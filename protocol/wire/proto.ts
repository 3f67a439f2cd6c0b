/**
 * The protobuf of the header, for other implementations as much as for this one. Stricter than
 * protobuf: exactly one body, canonical encoding (fields ascending, shortest varints, nothing unknown,
 * nothing twice), values as checks.ts says.
 */
export const PROTO = `
syntax = "proto2";
package sharehold.wire.v1;

message Envelope {
  oneof body {
    Prepare prepare = 1;
    Prepared prepared = 2;
    Refused refused = 3;
    Commit commit = 4;
    Committed committed = 5;
    Start start = 6;
    Progress progress = 7;
    Done done = 8;
    SignCompletion sign_completion = 9;
    Signed signed = 10;
    Abort abort = 11;
    JobClosed job_closed = 12;

    ImportBegin import_begin = 32;
    Block block = 33;
    ImportCommit import_commit = 34;
    Receipt receipt = 35;
    ImportActivate import_activate = 36;
    ImportDrop import_drop = 37;
    Acknowledged acknowledged = 38;
    ImportUnion import_union = 39;
    Union union = 40;

    ColumnsBegin columns_begin = 64;
    ColumnPiece column_piece = 65;
    ColumnsEnd columns_end = 66;
    ColumnsHeld columns_held = 67;
    ColumnsTicket columns_ticket = 68;

    LinksWanted links_wanted = 80;
    Links links = 81;

    Members members = 96;
    Hello hello = 97;
  }
}

message Prepare {
  required string job = 1;
  required uint32 attempt = 2;
  required string request_note = 3;
  required string plan_params = 4;
  required string plan_hash = 5;
  repeated string schema_notes = 6;
  repeated string version_notes = 7;
}
message Prepared { required bytes nonce = 1; }
message Refused {
  required string code = 1;
  required string message = 2;
  optional string hint = 3;
}
message Commit { repeated bytes nonces = 1; }
message Committed { repeated string key_commitments = 1; }
message Start { required string start_note = 1; }
message Progress {
  required uint32 op = 1;
  required uint32 batch = 2;
  required uint32 total_ops = 3;
}
message Done {
  required string report_note = 1;
  required string figures = 2;
}
message SignCompletion { required string text = 1; }
message Signed { required string line = 1; }
message Abort {
  required string code = 1;
  required string reason = 2;
  optional string party = 3;
  optional uint32 round = 4;
}
message JobClosed {}

message ImportBegin {
  required string import_id = 1;
  required string dataset = 2;
  required string schema_note = 3;
  repeated uint32 chunks = 4 [packed = true];
}
message Block {
  required string column = 1;
  required string encoding = 2;
  required uint32 chunk = 3;
  required bytes salt = 4;
}
message ImportCommit { required string root = 1; }
message Receipt { required string note = 1; }
message ImportUnion {
  required string import_id = 1;
  required string version_note = 2;
}
message Union { required string rows_per_member = 1; }
message ImportActivate { required string version_note = 1; }
message ImportDrop { required string import_id = 1; }
message Acknowledged {}

message ColumnsBegin {
  required string job = 1;
  required uint32 attempt = 2;
  required uint32 from = 3;
  required string subject = 4;
  required string sharing = 5;
}
message ColumnPiece {
  required string column = 1;
  required string encoding = 2;
  required uint32 chunk = 3;
  required string dataset = 4;
}
message ColumnsEnd {}
message ColumnsHeld {
  required bool members = 1;
  repeated string sharings = 2;
}
message ColumnsTicket {
  repeated string sharings = 1;
  required string line = 2;
}

message LinksWanted {}
message Links { required string figures = 1; }

message Members {
  required uint32 part = 1;
  required uint32 piece = 2;
  required uint32 pieces = 3;
}
message Hello {
  required string committee = 1;
  required string job = 2;
  required uint32 attempt = 3;
  required uint32 from = 4;
}
`
