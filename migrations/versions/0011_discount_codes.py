"""Discount codes with their uses; an order keeps its code and how each of its figures came about."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('discount_codes',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('percent_hundredths', NUMBER, nullable=False),
    sa.Column('amount', NUMBER, nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('minimum_amount', NUMBER, nullable=False),
    sa.Column('max_uses', NUMBER, nullable=True),
    sa.Column('max_uses_per_customer', NUMBER, nullable=True),
    sa.Column('used', NUMBER, nullable=False),
    sa.Column('starts_at', UtcDateTime(), nullable=True),
    sa.Column('ends_at', UtcDateTime(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('product_ids', sa.JSON(), nullable=False),
    sa.Column('category_ids', sa.JSON(), nullable=False),
    sa.Column('collection_ids', sa.JSON(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('percentage', 'fixed_amount', 'free_shipping')", name=op.f('ck_discount_codes_kind')),
    sa.CheckConstraint('used >= 0 AND (max_uses IS NULL OR used <= max_uses)', name=op.f('ck_discount_codes_used_within_limit')),
    sa.CheckConstraint('percent_hundredths BETWEEN 0 AND 10000', name=op.f('ck_discount_codes_percent_in_range')),
    sa.CheckConstraint('amount >= 0 AND minimum_amount >= 0', name=op.f('ck_discount_codes_amounts_not_negative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_discount_codes')),
    sa.UniqueConstraint('public_id', name=op.f('uq_discount_codes_public_id')),
    sa.UniqueConstraint('code', name=op.f('uq_discount_codes_code'))
    )
    op.create_table('discount_customers',
    sa.Column('code_id', NUMBER, nullable=False),
    sa.Column('customer', sa.String(length=80), nullable=False),
    sa.Column('used', NUMBER, nullable=False),
    sa.CheckConstraint('used >= 0', name=op.f('ck_discount_customers_used_not_negative')),
    sa.ForeignKeyConstraint(['code_id'], ['discount_codes.id'], name=op.f('fk_discount_customers_code_id_discount_codes')),
    sa.PrimaryKeyConstraint('code_id', 'customer', name=op.f('pk_discount_customers'))
    )
    op.create_table('discount_redemptions',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('code_id', NUMBER, nullable=False),
    sa.Column('order_id', NUMBER, nullable=False),
    sa.Column('customers', sa.JSON(), nullable=False),
    sa.Column('amount', NUMBER, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('released_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['code_id'], ['discount_codes.id'], name=op.f('fk_discount_redemptions_code_id_discount_codes')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_discount_redemptions_order_id_orders')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_discount_redemptions')),
    sa.UniqueConstraint('order_id', name=op.f('uq_discount_redemptions_order_id'))
    )
    with op.batch_alter_table('discount_redemptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_discount_redemptions_code_id'), ['code_id'], unique=False)
    with op.batch_alter_table('carts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('discount_code_id', NUMBER, nullable=True))
        batch_op.create_index(batch_op.f('ix_carts_discount_code_id'), ['discount_code_id'], unique=False)
        batch_op.create_foreign_key(op.f('fk_carts_discount_code_id_discount_codes'), 'discount_codes', ['discount_code_id'], ['id'])
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.add_column(sa.Column('discount_code', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('receipt_steps', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_column('receipt_steps')
        batch_op.drop_column('discount_code')
    with op.batch_alter_table('carts', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('fk_carts_discount_code_id_discount_codes'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_carts_discount_code_id'))
        batch_op.drop_column('discount_code_id')
    op.drop_table('discount_redemptions')
    op.drop_table('discount_customers')
    op.drop_table('discount_codes')
