/**
 * Drives and watches journeys over the WebSocket protocol `journeyforge.v1`.
 *
 * Ids in the comments, such as SUB-4 or §19, are those of the protocol page of the specification.
 *
 * @packageDocumentation
 */
export { Client, connect } from "./client.js";
export { ConnectionError, JourneyForgeError, LostReplyError, RequestError, WatchEndedError } from "./errors.js";
export { Watch } from "./watch.js";
