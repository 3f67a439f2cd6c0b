/**
 * The fields of a column in a schema, type by type: the one list for whatever reads schemas. What a field's text or
 * number must be like is handed in, since a file may leave things out that a signed record must say.
 */
import * as z from 'zod'

/** What fields must be like. */
export interface FieldForms {
  readonly name: z.ZodType<string>
  readonly nullable: z.ZodType<boolean>
  readonly expression: z.ZodType<string>
  readonly integer: z.ZodType<number>
  readonly precision: z.ZodType<number>
  readonly scale: z.ZodType<number>
  readonly decimalText: z.ZodType<string>
  readonly resolutionSeconds: z.ZodType<number>
  readonly timeText: z.ZodType<string>
  readonly dictionary: z.ZodType<readonly string[]>
}

/** A check of a column's form (schema.ts). Strict: a field that is not in the list is refused. */
export function columnShape(forms: FieldForms) {
  const { integer, decimalText, timeText } = forms
  const anyColumn = {
    name: forms.name,
    nullable: forms.nullable,
    derived: z.exactOptional(forms.expression),
    reveal: z.exactOptional(z.literal('extremes', 'must be extremes, or be left out')),
    unique: z.exactOptional(z.literal(true, 'must be true, or be left out')),
  }
  return z.discriminatedUnion('type', [
    z.strictObject({ ...anyColumn, type: z.literal('boolean') }),
    z.strictObject({ ...anyColumn, type: z.literal('integer'), min: integer, max: integer }),
    z.strictObject({
      ...anyColumn,
      type: z.literal('decimal'),
      precision: forms.precision,
      scale: forms.scale,
      min: decimalText,
      max: decimalText,
    }),
    z.strictObject({
      ...anyColumn,
      type: z.literal('timestamp'),
      resolutionSeconds: forms.resolutionSeconds,
      min: timeText,
      max: timeText,
    }),
    z.strictObject({ ...anyColumn, type: z.literal('date'), min: timeText, max: timeText }),
    z.strictObject({ ...anyColumn, type: z.literal('text'), dictionary: forms.dictionary }),
  ])
}
