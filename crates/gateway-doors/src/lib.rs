//! gateway-doors.
