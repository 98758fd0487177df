"""Shipping zones and the ways to send to each; without any the settings' shipping table goes on to decide."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('shipping_zones',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', NUMBER, nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('areas', sa.JSON(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shipping_zones')),
    sa.UniqueConstraint('public_id', name=op.f('uq_shipping_zones_public_id'))
    )
    op.create_table('shipping_methods',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('zone_id', NUMBER, nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('description', sa.String(length=255), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('basis', sa.String(length=8), nullable=False),
    sa.Column('bands', sa.JSON(), nullable=False),
    sa.Column('free_from_amount', NUMBER, nullable=True),
    sa.Column('max_weight_grams', NUMBER, nullable=True),
    sa.Column('min_days', NUMBER, nullable=False),
    sa.Column('max_days', NUMBER, nullable=False),
    sa.Column('cut_off_hour', NUMBER, nullable=True),
    sa.Column('position', NUMBER, nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("basis IN ('value', 'weight')", name=op.f('ck_shipping_methods_basis')),
    sa.CheckConstraint('free_from_amount >= 0', name=op.f('ck_shipping_methods_free_from_not_negative')),
    sa.CheckConstraint('max_weight_grams > 0', name=op.f('ck_shipping_methods_max_weight_positive')),
    sa.CheckConstraint('0 <= min_days AND min_days <= max_days AND max_days <= 90', name=op.f('ck_shipping_methods_days_in_order')),
    sa.CheckConstraint('cut_off_hour BETWEEN 1 AND 23', name=op.f('ck_shipping_methods_cut_off_hour_of_a_day')),
    sa.ForeignKeyConstraint(['zone_id'], ['shipping_zones.id'], name=op.f('fk_shipping_methods_zone_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shipping_methods')),
    sa.UniqueConstraint('public_id', name=op.f('uq_shipping_methods_public_id')),
    sa.UniqueConstraint('zone_id', 'code', name=op.f('uq_shipping_methods_zone_id_code'))
    )
    op.create_index(op.f('ix_shipping_methods_zone_id'), 'shipping_methods', ['zone_id'])


def downgrade() -> None:
    op.drop_table('shipping_methods')
    op.drop_table('shipping_zones')
