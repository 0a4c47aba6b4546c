/**
 * The one codec: values as bytes.
 */

/** Encodes one value, standalone. @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
export declare function encodeValue(value: unknown, what?: string): Uint8Array<ArrayBuffer>

/** Decodes what {@link encodeValue} wrote. @throws STORE_CORRUPT */
export declare function decodeValue(bytes: Uint8Array): unknown

/** Encodes a frame between threads. The result owns its ArrayBuffer exactly: transfer it. */
export declare function encodeFrame(value: unknown): Uint8Array<ArrayBuffer>

/** Decodes a frame of {@link encodeFrame}. */
export declare function decodeFrame(bytes: Uint8Array): unknown
